"""pika publishes: confirms, returns, transactions, properties, bodies."""

import datetime
import decimal

import pika
import pika.exceptions
from pika.compat import long

from harness import bodies, case, drain, equal, main, ready, refused, send, settled, take


@case("A mandatory message without a queue is returned with 312 and its body.")
def returned(fixture):
    channel = fixture.channel()
    key = fixture.name("nowhere")
    try:
        channel.basic_publish("amq.direct", key, "lost", mandatory=True)
    except pika.exceptions.UnroutableError as error:
        [message] = error.messages
        method = message.method
        equal((method.reply_code, method.reply_text), (312, "NO_ROUTE"))
        equal((method.exchange, method.routing_key, message.body), ("amq.direct", key, b"lost"))
    else:
        raise AssertionError("not returned")


@case("A publish into a full queue that rejects is nacked.")
def nacked(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    send(channel, queue, "kept")
    try:
        send(channel, queue, "rejected")
    except pika.exceptions.NackError:
        pass
    else:
        raise AssertionError("not nacked")
    equal(bodies(drain(channel, queue)), ["kept"])


@case("Publishing to a missing exchange closes the channel with 404.")
def no_exchange(fixture):
    channel = fixture.channel()
    exchange = fixture.name("missing")
    with refused(404, f"NOT_FOUND - no exchange '{exchange}' in vhost '/'"):
        channel.basic_publish(exchange, "k", "x")


@case("What was published in a transaction is there after the commit, not before.")
def commit(fixture):
    connection = fixture.connect()
    channel = connection.channel()
    watching = fixture.channel(connection)
    queue = fixture.queue(channel)
    channel.tx_select()
    channel.basic_publish("", queue, "a")
    channel.basic_publish("", queue, "b")
    settled(channel, queue)
    equal(ready(watching, queue), 0)
    channel.tx_commit()
    equal(bodies(drain(watching, queue)), ["a", "b"])


@case("What was published in a transaction that is rolled back never was.")
def rollback(fixture):
    channel = fixture.connect().channel()
    queue = fixture.queue(channel)
    channel.tx_select()
    channel.basic_publish("", queue, "a")
    channel.tx_rollback()
    channel.basic_publish("", queue, "b")
    channel.tx_commit()
    equal(bodies(drain(channel, queue)), ["b"])


@case("An ack takes effect with the commit, and a rollback takes it back.")
def transactional_ack(fixture):
    connection = fixture.connect()
    setup = fixture.channel(connection)
    queue = fixture.queue(setup)
    send(setup, queue, "a", "b")
    channel = connection.channel()
    channel.tx_select()
    first, _, _ = channel.basic_get(queue)
    second, _, _ = channel.basic_get(queue)
    channel.basic_ack(first.delivery_tag)
    channel.tx_rollback()
    channel.basic_ack(second.delivery_tag)  # the first is outstanding again
    channel.tx_commit()
    channel.close()
    equal(bodies(drain(setup, queue)), ["a"])


@case("An ack that is never committed is forgotten with the channel.")
def uncommitted_ack(fixture):
    connection = fixture.connect()
    setup = fixture.channel(connection)
    queue = fixture.queue(setup)
    send(setup, queue, "a")
    channel = connection.channel()
    channel.tx_select()
    method, _, _ = channel.basic_get(queue)
    channel.basic_ack(method.delivery_tag)
    channel.close()
    [(method, _, body)] = drain(setup, queue)
    equal((method.redelivered, body), (True, b"a"))


@case("A mandatory message in a transaction is returned at the commit.")
def transactional_return(fixture):
    channel = fixture.connect().channel()
    returns = []
    channel.add_on_return_callback(lambda _, method, *rest: returns.append(method.reply_code))
    channel.tx_select()
    channel.basic_publish("amq.direct", fixture.name("nowhere"), "x", mandatory=True)
    channel.basic_qos(prefetch_count=1)
    channel.connection.process_data_events(time_limit=0)
    equal(returns, [])
    channel.tx_commit()
    channel.connection.process_data_events(time_limit=0)
    equal(returns, [312])


@case("A publish to a missing exchange in a transaction closes the channel with 404.")
def transactional_error(fixture):
    connection = fixture.connect()
    channel = connection.channel()
    queue = fixture.queue(channel)
    exchange = fixture.name("missing")
    channel.tx_select()
    channel.basic_publish("", queue, "a")
    channel.basic_publish(exchange, "k", "x")
    with refused(404, f"NOT_FOUND - no exchange '{exchange}' in vhost '/'"):
        channel.tx_commit()
    equal(ready(fixture.channel(connection), queue), 0)


@case("Transactions and confirms exclude each other with 406.")
def tx_or_confirm(fixture):
    connection = fixture.connect()
    channel = connection.channel()
    channel.tx_select()
    with refused(406, "PRECONDITION_FAILED - cannot switch from tx to confirm mode"):
        channel.confirm_delivery()
    channel = fixture.channel(connection)
    with refused(406, "PRECONDITION_FAILED - cannot switch from confirm to tx mode"):
        channel.tx_select()


@case("Committing or rolling back without a transaction is refused with 406.")
def no_transaction(fixture):
    connection = fixture.connect()
    with refused(406, "PRECONDITION_FAILED - channel is not transactional"):
        connection.channel().tx_commit()
    with refused(406, "PRECONDITION_FAILED - channel is not transactional"):
        connection.channel().tx_rollback()


@case("All fourteen properties come back as they were.")
def properties(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    sent = {
        "content_type": "application/json",
        "content_encoding": "gzip",
        "headers": {"a": 1},
        "delivery_mode": 1,
        "priority": 255,
        "correlation_id": "correlation",
        "reply_to": "reply",
        "expiration": "600000",
        "message_id": "message",
        "timestamp": 1_700_000_000,
        "type": "type",
        "user_id": "guest",
        "app_id": "app",
        "cluster_id": "cluster",
    }
    send(channel, queue, "x", **sent)
    [(_, properties, _)] = drain(channel, queue)
    equal(vars(properties), sent)


@case("Absent properties stay absent and empty ones empty.")
def absent_properties(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    send(channel, queue, "x")
    send(channel, queue, "y", content_type="", headers={}, priority=0, timestamp=0)
    (_, none, _), (_, empty, _) = drain(channel, queue)
    equal({name: value for name, value in vars(none).items() if value is not None}, {})
    equal((empty.content_type, empty.headers, empty.priority, empty.timestamp), ("", {}, 0, 0))


@case("Headers come back with their values and their types.")
def headers(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    sent = {
        "text": "Größe 漢字",
        "bytes": b"\x00\xff\xfe",
        "yes": True,
        "int": -5,
        "long": long(5),
        "large": 2**40,
        "nothing": None,
        "when": datetime.datetime(2024, 1, 2, 3, 4, 5),
        "price": decimal.Decimal("3.14"),
        "list": ["a", 1, [None, {"b": False}]],
        "table": {"a": {"b": ["c"]}},
    }
    send(channel, queue, "x", headers=sent)
    [(_, properties, _)] = drain(channel, queue)
    equal(properties.headers, sent)
    for name, value in sent.items():
        expected = long if name == "large" else type(value)
        equal((name, type(properties.headers[name])), (name, expected))


@case("Bodies from nothing to several megabytes come back as they were.")
def body_sizes(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    for size in [0, 1, 131_063, 131_064, 131_065, 3_000_000]:
        body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
        send(channel, queue, body)
        [(_, _, received)] = drain(channel, queue)
        equal(len(received), size)
        equal(received == body, True)


@case("A foreign user id is refused with 406.")
def user_id(fixture):
    channel = fixture.channel()
    with refused(
        406,
        "PRECONDITION_FAILED - user_id property set to 'mallory' but authenticated user was "
        "'guest'",
    ):
        send(channel, "nowhere", "x", user_id="mallory")


@case("CC and BCC add receivers, and BCC is hidden.")
def carbon_copies(fixture):
    channel = fixture.channel()
    to, cc, bcc = [fixture.queue(channel) for _ in range(3)]
    send(channel, to, "x", headers={"CC": [cc], "BCC": [bcc]})
    for queue in (to, cc, bcc):
        [(method, properties, _)] = drain(channel, queue)
        equal((method.routing_key, properties.headers), (to, {"CC": [cc]}))


@case("Persistent messages of durable queues are confirmed.")
def persistent(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel, durable=True)
    send(channel, queue, *[str(number) for number in range(50)], delivery_mode=2)
    equal(bodies(take(channel, 50, queue)[0]), [str(number) for number in range(50)])


main()
