"""pika connects, is refused, idles and leaves."""

import time

import pika
import pika.exceptions

from harness import URL, bodies, case, drain, equal, main, refused, send


@case("A wrong password is refused.")
def wrong_password(fixture):
    try:
        fixture.connect(credentials=pika.PlainCredentials("guest", "wrong"))
    except pika.exceptions.ProbableAuthenticationError as error:
        equal(
            error.args,
            (
                "ConnectionClosedByBroker: (403) 'ACCESS_REFUSED - Login was refused using "
                "authentication mechanism PLAIN. For details see the broker logfile.'",
            ),
        )
    else:
        raise AssertionError("let in")


@case("An unknown vhost is refused with 530.")
def unknown_vhost(fixture):
    try:
        fixture.connect(virtual_host="nowhere")
    except pika.exceptions.ProbableAccessDeniedError as error:
        equal(
            error.args,
            ("ConnectionClosedByBroker: (530) 'NOT_ALLOWED - vhost nowhere not found'",),
        )
    else:
        raise AssertionError("let in")


@case("A duplicate consumer tag closes the whole connection with 530.")
def duplicate_tag(fixture):
    # The blocking adapter refuses it before the broker can: ask the channel beneath.
    connection = fixture.connect()
    channel = connection.channel()
    queue = fixture.queue(channel)
    channel.basic_consume(queue, lambda *_: None, consumer_tag="same")
    method = pika.spec.Basic.Consume(queue=queue, consumer_tag="same")
    with refused(530, "NOT_ALLOWED - attempt to reuse consumer tag 'same'"):
        channel._impl._send_method(method)
        channel.basic_qos(prefetch_count=1)
    equal(connection.is_open, False)


@case("A connection that is idle but for heartbeats stays open.")
def heartbeats(fixture):
    connection = fixture.connect(heartbeat=1)
    channel = fixture.channel(connection)
    queue = fixture.queue(channel)
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        connection.process_data_events(time_limit=0.2)
    equal(connection.is_open, True)
    send(channel, queue, "still here")
    equal(bodies(drain(channel, queue)), ["still here"])


@case("A client that stops its heartbeats is dropped.")
def no_heartbeats(fixture):
    connection = fixture.connect(heartbeat=1)
    channel = connection.channel()
    queue = fixture.queue(channel, exclusive=True)
    other = fixture.connect()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        # Not a look at the silent connection: pika sends heartbeats only when it is given time.
        other.process_data_events(time_limit=0.2)
        try:
            other.channel().queue_declare(queue, passive=True)
        except pika.exceptions.ChannelClosedByBroker as closed:
            if closed.reply_code == 404:
                return
    raise AssertionError("the silent connection was never dropped")


@case("Channels are opened, closed and opened again under the same number.")
def channel_numbers(fixture):
    connection = fixture.connect()
    for _ in range(10):
        channel = connection.channel(channel_number=7)
        queue = fixture.queue(channel)
        channel.close()
        again = connection.channel(channel_number=7)
        send(again, queue, "x")
        equal(bodies(drain(again, queue)), ["x"])
        again.close()


@case("Closing a connection ends its exclusive queues and returns its deliveries.")
def close(fixture):
    connection = fixture.connect()
    channel = fixture.channel(connection)
    queue = fixture.queue(channel)
    send(channel, queue, "x")
    channel.basic_get(queue)
    connection.close()
    [(method, _, _)] = drain(fixture.channel(), queue)
    equal(method.redelivered, True)


@case("The broker tells what it can do.")
def capabilities(fixture):
    connection = fixture.connect()
    equal(connection.basic_nack_supported, True)
    equal(connection.consumer_cancel_notify_supported, True)
    equal(connection.exchange_exchange_bindings_supported, True)
    equal(connection.publisher_confirms_supported, True)


@case("A client property names the connection without harm.")
def client_properties(fixture):
    connection = fixture.connect(client_properties={"connection_name": "a test", "odd": [1, None]})
    equal(connection.is_open, True)
    equal(URL.startswith("amqp://"), True)


main()
