"""stomp.py sends and subscribes: every kind of destination, headers, receipts, replies."""

from harness import case, contains, equal, eventually, main


def through(fixture, destination, **headers):
    """Sends to a destination and gets it back. Returns the headers."""
    client = fixture.client()
    client.subscribe(destination)
    client.send(destination, "foo", **headers)
    [(received, body)] = client.listener.messages(1)
    equal(body, "foo")
    equal(received["destination"], destination)
    return received


@case("A queue gives back what is sent to it.")
def queue(fixture):
    through(fixture, "/queue/" + fixture.name("q"))


@case("Direct, fanout and topic exchanges lead to subscriptions.")
def exchanges(fixture):
    through(fixture, "/exchange/amq.direct/" + fixture.name("key"))
    through(fixture, "/exchange/amq.fanout/" + fixture.name("key"))
    through(fixture, "/exchange/amq.fanout")
    through(fixture, "/topic/" + fixture.name("key"))


@case("Custom headers come back as they were sent.")
def custom_headers(fixture):
    sent = {"x-custom-header-1": "value1", "x-custom-header-2": "value2", "custom": "v\u00e4lue:3"}
    client = fixture.client()
    destination = "/queue/" + fixture.name("q")
    client.subscribe(destination)
    client.connection.send(destination, "foo", headers=sent)
    [(received, _)] = client.listener.messages(1)
    contains(received, sent)


@case("Headers of AMQP messages come through, and properties under their names.")
def amqp_headers(fixture):
    import pika

    client = fixture.client()
    name = fixture.name("q")
    client.subscribe("/topic/" + name, x_queue_name=name)
    properties = pika.BasicProperties(
        headers={"text": "value", "number": 5, "big": 2**40, "flag": True, "list": ["a", 1]},
        content_type="text/plain",
        delivery_mode=2,
        priority=3,
        correlation_id="c",
        reply_to="answers",
        message_id="m",
        timestamp=1000,
        type="t",
        app_id="app",
    )
    fixture.channel().basic_publish("", name, b"Hello World!", properties)
    [(received, body)] = client.listener.messages(1)
    equal(body, "Hello World!")
    contains(
        received,
        {
            "text": "value",
            "number": "5",
            "big": "1099511627776",
            "content-type": "text/plain",
            "persistent": "true",
            "priority": "3",
            "correlation-id": "c",
            "reply-to": "/reply-queue/answers",
            "amqp-message-id": "m",
            "timestamp": "1000",
            "type": "t",
            "app-id": "app",
        },
    )


@case("Headers of SEND are properties and headers of the AMQP message.")
def to_amqp(fixture):
    name = fixture.name("q")
    client = fixture.client()
    client.send(
        "/queue/" + name,
        "Hello",
        content_type="text/plain",
        persistent="true",
        priority="5",
        correlation_id="c",
        reply_to="/queue/x",
        expiration="60000",
        amqp_message_id="m",
        timestamp="1000",
        type="t",
        user_id="guest",
        app_id="app",
        custom="1",
    )
    client.done()
    _, properties, body = fixture.channel().basic_get(name, auto_ack=True)
    equal(body, b"Hello")
    contains(
        properties.__dict__,
        {
            "content_type": "text/plain",
            "delivery_mode": 2,
            "priority": 5,
            "correlation_id": "c",
            "reply_to": "/queue/x",
            "expiration": "60000",
            "message_id": "m",
            "timestamp": 1000,
            "type": "t",
            "user_id": "guest",
            "app_id": "app",
        },
    )
    equal(properties.headers["custom"], "1")


@case("Arguments of queues are those of AMQP, by SUBSCRIBE and by SEND.")
def queue_arguments(fixture):
    arguments = {
        "x-message-ttl": 60000,
        "x-expires": 70000,
        "x-max-length": 10,
        "x-max-length-bytes": 20000,
        "x-dead-letter-exchange": "dead-letter-exchange",
        "x-dead-letter-routing-key": "dead-letter-routing-key",
        "x-max-priority": 6,
    }
    client = fixture.client()
    for word in ("subscribe", "send"):
        name = fixture.name(word)
        if word == "subscribe":
            client.subscribe("/queue/" + name, **arguments)
        else:
            client.connection.send("/queue/" + name, "test1", headers=arguments)
            client.done()
        # If the queue is the same, nobody objects.
        fixture.channel().queue_declare(name, durable=True, arguments=arguments)


@case("x-queue-name names the queue of an exchange or topic subscription.")
def queue_name(fixture):
    client = fixture.client()
    for destination in ("/exchange/amq.direct/test", "/topic/test"):
        name = fixture.name("q")
        client.subscribe(destination, id=name, x_queue_name=name)
        fixture.channel().basic_publish("", name, b"Hello World!")
        equal(client.listener.bodies(1), ["Hello World!"])


@case("A topic reaches every subscriber, a queue one after the other.")
def subscribers(fixture):
    key = fixture.name("k")
    first, second, sender = fixture.client(), fixture.client(), fixture.client()
    for client in (first, second):
        client.subscribe("/topic/" + key)
        client.subscribe("/queue/" + key, id="queue")
    for body in ("1", "2"):
        sender.send("/topic/" + key, body)
    equal([first.listener.bodies(2), second.listener.bodies(2)], [["1", "2"], ["1", "2"]])
    for body in ("1", "2"):
        sender.send("/queue/" + key, body)
    equal([len(first.listener.bodies(1)), len(second.listener.bodies(1))], [1, 1])


@case("Messages of 16 MiB reach several subscribers.")
def large(fixture):
    key = fixture.name("k")
    size = 16 * 1024 * 1024
    first, second, sender = fixture.client(), fixture.client(), fixture.client()
    for client in (first, second):
        client.subscribe("/topic/" + key)
    for _ in range(2):
        sender.send("/topic/" + key, "x" * size)
    for client in (first, second):
        equal([len(body) for body in client.listener.bodies(2)], [size, size])


@case("Receipts come for those messages that ask for one.")
def receipts(fixture):
    client = fixture.client()
    destination = "/queue/" + fixture.name("q")
    client.send(destination, "first", receipt="a")
    client.send(destination, "second")
    client.send(destination, "third", receipt="b", persistent="true")
    equal(client.listener.receipts(2), ["a", "b"])
    many = [f"test{number}" for number in range(50)]
    for receipt in many:
        client.send(destination, "test receipt", receipt=receipt)
    equal(sorted(client.listener.receipts(50)), sorted(many))


@case("Ten thousand messages arrive although their sender has gone.")
def reliability(fixture):
    destination = "/queue/" + fixture.name("q")
    client, sender = fixture.client(), fixture.client()
    client.subscribe(destination)
    for number in range(10_000):
        sender.send(destination, "0" * 128 + str(number))
    sender.disconnect()
    equal(client.listener.bodies(10_000)[-1], "0" * 128 + "9999")


@case("A temporary queue takes replies, as often as it is named.")
def replies(fixture):
    known = "/queue/" + fixture.name("known")
    client, service = fixture.client(), fixture.client()
    service.subscribe(known)
    for body in ("one", "two"):
        client.send(known, body, reply_to="/temp-queue/foo")
        [(headers, asked)] = service.listener.messages(1)
        equal(headers["reply-to"].startswith("/reply-queue/"), True)
        service.send(headers["reply-to"], "re: " + asked)
        equal(client.listener.bodies(1), ["re: " + body])


@case("A reply-to that is a destination comes as it is.")
def reply_to(fixture):
    known = "/queue/" + fixture.name("known")
    client = fixture.client()
    client.subscribe(known)
    client.send(known, "test", reply_to="/queue/reply")
    [(headers, _)] = client.listener.messages(1)
    equal(headers["reply-to"], "/queue/reply")


@case("A durable subscription waits for its subscriber, until it is unsubscribed as durable.")
def durable(fixture):
    destination = "/topic/" + fixture.name("k")
    client = fixture.client()
    options = {"durable": "true", "auto_delete": "false"}
    for header in ("durable", "persistent"):
        client.subscribe(destination, id="test.subscription", **options)
        client.send(destination, "first")
        equal(client.listener.bodies(1), ["first"])
        client.unsubscribe("test.subscription")
        client.send(destination, "second")
        client.subscribe(destination, id="test.subscription", **options)
        equal(client.listener.bodies(1), ["second"])
        client.unsubscribe("test.subscription", **{header: "true"})
        client.send(destination, "third")
        client.subscribe(destination, id="test.subscription", **options)
        client.listener.nothing()
        client.unsubscribe("test.subscription", **{header: "true"})


@case("A durable subscription can be shared, and others have queues of their own.")
def shared(fixture):
    destination = "/topic/" + fixture.name("k")
    options = {"durable": "true", "auto_delete": "false"}
    first, second, other = fixture.client(), fixture.client(), fixture.client()
    first.subscribe(destination, id="shared", **options)
    second.subscribe(destination, id="shared", **options)
    other.subscribe(destination, id="other", **options)
    for number in range(100):
        first.send(destination, f"msg{number}")
    equal(other.listener.bodies(100), [f"msg{number}" for number in range(100)])
    eventually(lambda: len(first.listener.came) + len(second.listener.came), 100)
    first.listener.came.clear()
    second.listener.came.clear()
    second.disconnect()
    first.unsubscribe("shared", durable="true")
    other.unsubscribe("other", durable="true")


main()
