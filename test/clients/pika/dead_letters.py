"""pika follows messages to their dead-letter exchange and reads what they died of."""

import datetime

from pika.compat import long

from harness import bodies, case, drain, equal, eventually, main, ready, send

#: RabbitMQ has these since 3.13; Warren always.
LAST_DEATH = ("x-last-death-reason", "x-last-death-queue", "x-last-death-exchange")


def grave(fixture, channel):
    """A fanout exchange and the queue behind it."""
    exchange = fixture.exchange(channel, "fanout")
    queue = fixture.queue(channel, "dead")
    channel.queue_bind(queue, exchange)
    return exchange, queue


def reject_one(channel, queue):
    method, _, _ = channel.basic_get(queue)
    channel.basic_nack(method.delivery_tag, requeue=False)


@case("x-death is a list of tables whose fields have the types that clients rely on.")
def x_death_types(fixture):
    channel = fixture.channel()
    dlx, dead = grave(fixture, channel)
    queue = fixture.queue(channel, arguments={"x-dead-letter-exchange": dlx})
    source = fixture.exchange(channel, "topic")
    channel.queue_bind(queue, source, "order.#")
    channel.basic_publish(source, "order.eu", "x")
    before = datetime.datetime.utcnow() - datetime.timedelta(minutes=1)
    reject_one(channel, queue)
    eventually(lambda: ready(channel, dead), 1)
    [(method, properties, _)] = drain(channel, dead)
    equal((method.exchange, method.routing_key, method.redelivered), (dlx, "order.eu", False))
    [death] = properties.headers["x-death"]
    time = death.pop("time")
    equal(type(time), datetime.datetime)
    equal(before < time < before + datetime.timedelta(minutes=10), True)
    equal(type(death["count"]), long)
    equal(
        death,
        {
            "count": 1,
            "reason": "rejected",
            "queue": queue,
            "exchange": source,
            "routing-keys": ["order.eu"],
        },
    )
    headers = {k: v for k, v in properties.headers.items() if k not in LAST_DEATH}
    headers.pop("x-death")
    equal(
        headers,
        {
            "x-first-death-reason": "rejected",
            "x-first-death-queue": queue,
            "x-first-death-exchange": source,
        },
    )


@case("An expired message loses its expiration, and x-death keeps it.")
def expired(fixture):
    channel = fixture.channel()
    dlx, dead = grave(fixture, channel)
    queue = fixture.queue(channel, arguments={"x-dead-letter-exchange": dlx})
    send(channel, queue, "x", expiration="20")
    eventually(lambda: ready(channel, dead), 1)
    [(_, properties, _)] = drain(channel, dead)
    equal(properties.expiration, None)
    [death] = properties.headers["x-death"]
    equal((death["reason"], death["original-expiration"]), ("expired", "20"))


@case("A queue's dead-letter key replaces the message's, and CC with it.")
def routing_key(fixture):
    channel = fixture.channel()
    dead = fixture.queue(channel)
    queue = fixture.queue(
        channel,
        arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead},
    )
    send(channel, queue, "x", headers={"CC": ["elsewhere"]})
    reject_one(channel, queue)
    eventually(lambda: ready(channel, dead), 1)
    [(method, properties, _)] = drain(channel, dead)
    equal((method.exchange, method.routing_key), ("", dead))
    equal("CC" in properties.headers, False)
    equal(properties.headers["x-death"][0]["routing-keys"], [queue, "elsewhere"])


@case("Without a dead-letter key, the message keeps its keys, CC included.")
def kept_keys(fixture):
    channel = fixture.channel()
    exchange = fixture.exchange(channel, "direct")
    queue = fixture.queue(channel, arguments={"x-dead-letter-exchange": exchange})
    one, two = fixture.queue(channel), fixture.queue(channel)
    channel.queue_bind(one, exchange, queue)
    channel.queue_bind(two, exchange, "copy")
    send(channel, queue, "x", headers={"CC": ["copy"]})
    reject_one(channel, queue)
    eventually(lambda: (ready(channel, one), ready(channel, two)), (1, 1))
    [(method, properties, _)] = drain(channel, two)
    equal((method.routing_key, properties.headers["CC"]), (queue, ["copy"]))


@case("What a full queue drops is dead-lettered as maxlen, in order.")
def maxlen(fixture):
    channel = fixture.channel()
    dlx, dead = grave(fixture, channel)
    queue = fixture.queue(channel, arguments={"x-dead-letter-exchange": dlx, "x-max-length": 1})
    send(channel, queue, "1", "2", "3")
    eventually(lambda: ready(channel, dead), 2)
    letters = drain(channel, dead)
    equal(bodies(letters), ["1", "2"])
    equal([letter[1].headers["x-death"][0]["reason"] for letter in letters], ["maxlen"] * 2)


@case("Messages rejected together are dead-lettered oldest first.")
def order(fixture):
    channel = fixture.channel()
    dlx, dead = grave(fixture, channel)
    queue = fixture.queue(channel, arguments={"x-dead-letter-exchange": dlx})
    send(channel, queue, "1", "2", "3")
    for _ in range(3):
        method, _, _ = channel.basic_get(queue)
    channel.basic_nack(method.delivery_tag, multiple=True, requeue=False)
    eventually(lambda: ready(channel, dead), 3)
    equal(bodies(drain(channel, dead)), ["1", "2", "3"])


@case("A retry by waiting goes round, and is counted.")
def retry(fixture):
    channel = fixture.channel()
    work, wait = fixture.name("work"), fixture.name("wait")
    back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": work, "x-message-ttl": 10}
    out = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": wait}
    channel.queue_declare(work, arguments=out)
    channel.queue_declare(wait, arguments=back)
    send(channel, work, "x")
    for _ in range(3):
        reject_one(channel, work)
        eventually(lambda: ready(channel, work), 1)
    [(_, properties, _)] = drain(channel, work)
    deaths = [(d["queue"], d["reason"], d["count"]) for d in properties.headers["x-death"]]
    equal(deaths, [(wait, "expired", 3), (work, "rejected", 3)])


@case("A message that would only ever expire in a circle is dropped.")
def cycle(fixture):
    channel = fixture.channel()
    one, two = fixture.name("one"), fixture.name("two")
    for queue, other in ((one, two), (two, one)):
        channel.queue_declare(
            queue,
            arguments={
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": other,
                "x-message-ttl": 10,
            },
        )
    send(channel, one, "x")
    eventually(lambda: (ready(channel, one), ready(channel, two)), (0, 0))


main()
