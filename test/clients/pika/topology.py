"""pika declares, binds, deletes and is refused."""

import pika

from harness import bodies, case, drain, equal, main, ready, refused, send, settled, take


@case("A queue is declared, found passively, counted, purged and deleted.")
def lifecycle(fixture):
    channel = fixture.channel()
    queue = fixture.name("q")
    declared = channel.queue_declare(queue, durable=True).method
    equal((declared.queue, declared.message_count, declared.consumer_count), (queue, 0, 0))
    send(channel, queue, "a", "b", "c")
    channel.basic_get(queue)
    equal(ready(channel, queue), 2)
    equal(channel.queue_purge(queue).method.message_count, 2)
    send(channel, queue, "d")
    equal(channel.queue_delete(queue).method.message_count, 1)
    equal(channel.queue_delete(queue).method.message_count, 0)


@case("The broker names a queue that has no name, and pika finds it by none.")
def server_named(fixture):
    channel = fixture.channel()
    queue = channel.queue_declare("", exclusive=True).method.queue
    equal(queue[:8], "amq.gen-")
    equal(len(queue), 30)
    channel.queue_bind("", "amq.direct", "")
    channel.basic_publish("amq.direct", queue, "by the queue's own name", mandatory=True)
    equal(bodies(drain(channel, queue)), ["by the queue's own name"])


@case("A missing queue is refused with 404 and the channel is closed.")
def missing_queue(fixture):
    channel = fixture.channel()
    queue = fixture.name("missing")
    with refused(404, f"NOT_FOUND - no queue '{queue}' in vhost '/'"):
        channel.queue_declare(queue, passive=True)
    equal(channel.is_open, False)
    equal(channel.connection.is_open, True)


@case("A missing exchange is refused with 404.")
def missing_exchange(fixture):
    channel = fixture.channel()
    exchange = fixture.name("missing")
    with refused(404, f"NOT_FOUND - no exchange '{exchange}' in vhost '/'"):
        channel.exchange_declare(exchange, passive=True)


@case("Re-declaring a queue as something else is refused with 406.")
def inequivalent_queue(fixture):
    connection = fixture.connect()
    channel = fixture.channel(connection)
    queue = fixture.queue(channel, arguments={"x-max-length": 5})
    where = f"for queue '{queue}' in vhost '/': received"
    for changes, name, how in [
        ({"durable": True}, "durable", "'true' but current is 'false'"),
        ({"auto_delete": True}, "auto_delete", "'true' but current is 'false'"),
        (
            {"arguments": None},
            "x-max-length",
            "none but current is the value '5' of type 'signedint'",
        ),
        ({"arguments": {"x-max-length": 6}}, "x-max-length", "'6' but current is '5'"),
    ]:
        options = {"arguments": {"x-max-length": 5}, **changes}
        with refused(406, f"PRECONDITION_FAILED - inequivalent arg '{name}' {where} {how}"):
            fixture.channel(connection).queue_declare(queue, **options)


@case("Re-declaring an exchange as something else is refused with 406.")
def inequivalent_exchange(fixture):
    channel = fixture.channel()
    exchange = fixture.exchange(channel, "direct")
    with refused(
        406,
        f"PRECONDITION_FAILED - inequivalent arg 'type' for exchange '{exchange}' in vhost '/': "
        "received 'fanout' but current is 'direct'",
    ):
        channel.exchange_declare(exchange, exchange_type="fanout")


@case("An exclusive queue is refused to another connection with 405.")
def exclusive(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel, exclusive=True)
    with refused(
        405,
        "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue "
        f"'{queue}' in vhost '/'. It could be originally declared on another connection or the "
        "exclusive property value does not match that of the original declaration.",
    ):
        fixture.channel().basic_get(queue)


@case("An auto-delete queue goes with its last consumer.")
def auto_delete(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel, auto_delete=True)
    tag = channel.basic_consume(queue, lambda *_: None)
    channel.basic_cancel(tag)
    with refused(404, f"NOT_FOUND - no queue '{queue}' in vhost '/'"):
        settled(channel, queue)


@case("A queue is deleted only if unused and only if empty, when so asked.")
def conditional_delete(fixture):
    connection = fixture.connect()
    channel = fixture.channel(connection)
    queue = fixture.queue(channel)
    send(channel, queue, "a")
    with refused(406, f"PRECONDITION_FAILED - queue '{queue}' in vhost '/' not empty"):
        fixture.channel(connection).queue_delete(queue, if_empty=True)
    take(channel, 1, queue)
    with refused(406, f"PRECONDITION_FAILED - queue '{queue}' in vhost '/' in use"):
        fixture.channel(connection).queue_delete(queue, if_unused=True)


@case("An exchange is deleted only if unused, when so asked.")
def exchange_in_use(fixture):
    channel = fixture.channel()
    exchange = fixture.exchange(channel, "fanout")
    channel.queue_bind(fixture.queue(channel), exchange)
    with refused(406, f"PRECONDITION_FAILED - exchange '{exchange}' in vhost '/' in use"):
        channel.exchange_delete(exchange, if_unused=True)


@case("Every exchange type routes, to queues and to exchanges.")
def routing(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    direct = fixture.exchange(channel, "direct")
    fanout = fixture.exchange(channel, "fanout")
    topic = fixture.exchange(channel, "topic")
    headers = fixture.exchange(channel, "headers")
    channel.queue_bind(queue, direct, "k")
    channel.queue_bind(queue, headers, arguments={"x-match": "any", "a": 1, "b": 2})
    channel.queue_bind(queue, topic, "*.eu.#")
    channel.exchange_bind(topic, fanout)
    for exchange, key, given in [
        (direct, "k", {}),
        (direct, "other", {}),
        (headers, "h", {"b": 2, "c": 3}),
        (headers, "none", {"c": 3}),
        (topic, "order.eu", {}),
        (topic, "order.us", {}),
        (fanout, "order.eu.paid", {}),
    ]:
        properties = pika.BasicProperties(headers=given)
        channel.basic_publish(exchange, key, f"{key}", properties)
    equal(bodies(drain(channel, queue)), ["k", "h", "order.eu", "order.eu.paid"])
    channel.exchange_unbind(topic, fanout)
    channel.queue_unbind(queue, topic, "*.eu.#")
    channel.basic_publish(fanout, "order.eu", "x")
    channel.basic_publish(topic, "order.eu", "x")
    equal(drain(channel, queue), [])


@case("What an exchange cannot route goes to its alternate exchange.")
def alternate(fixture):
    channel = fixture.channel()
    stray = fixture.exchange(channel, "fanout")
    exchange = fixture.exchange(channel, "direct", arguments={"alternate-exchange": stray})
    queue = fixture.queue(channel)
    channel.queue_bind(queue, stray)
    channel.basic_publish(exchange, "nowhere", "x", mandatory=True)
    equal(bodies(drain(channel, queue)), ["x"])


@case("An internal exchange refuses publishers with 403.")
def internal(fixture):
    channel = fixture.channel()
    exchange = fixture.exchange(channel, "fanout", internal=True)
    with refused(
        403, f"ACCESS_REFUSED - cannot publish to internal exchange '{exchange}' in vhost '/'"
    ):
        channel.basic_publish(exchange, "", "x")


@case("Names that begin with amq. are refused with 403.")
def reserved(fixture):
    connection = fixture.connect()
    name = "amq." + fixture.name("mine")
    with refused(403, f"ACCESS_REFUSED - queue name '{name}' contains reserved prefix 'amq.*'"):
        fixture.channel(connection).queue_declare(name)
    with refused(403, f"ACCESS_REFUSED - exchange name '{name}' contains reserved prefix 'amq.*'"):
        fixture.channel(connection).exchange_declare(name)


main()
