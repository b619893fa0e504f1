"""stomp.py acknowledges: the three modes, NACK, prefetch, redelivery, transactions."""

from harness import case, equal, main


def filled(fixture, client, *bodies):
    destination = "/queue/" + fixture.name("q")
    for body in bodies:
        client.send(destination, body)
    client.done()
    return destination


def left(fixture, destination):
    """What a newcomer is given."""
    channel = fixture.channel()
    found = []
    while True:
        _, _, body = channel.basic_get(destination.removeprefix("/queue/"), auto_ack=True)
        if body is None:
            return found
        found.append(body.decode())


@case("Without an ACK everything comes again, marked as redelivered.")
def again(fixture):
    client = fixture.client()
    destination = filled(fixture, client, "test1", "test2")
    client.subscribe(destination, ack="client", prefetch_count="10")
    for headers, _ in client.listener.messages(2):
        equal(headers["redelivered"], "false")
    client.disconnect()
    second = fixture.client()
    second.subscribe(destination, ack="client")
    messages = second.listener.messages(2)
    equal([(h["redelivered"], body) for h, body in messages], [("true", "test1"), ("true", "test2")])


@case("In client mode an ACK is for everything before it, too.")
def cumulative(fixture):
    client = fixture.client()
    destination = filled(fixture, client, "1", "2", "3")
    client.subscribe(destination, ack="client")
    [_, (second, _), _] = client.listener.messages(3)
    client.ack(second)
    client.done()
    client.disconnect()
    equal(left(fixture, destination), ["3"])


@case("In client-individual mode an ACK is for one message.")
def individual(fixture):
    client = fixture.client()
    destination = filled(fixture, client, "1", "2", "3")
    client.subscribe(destination, ack="client-individual", prefetch_count="10")
    [_, (second, _), _] = client.listener.messages(3)
    client.ack(second)
    client.done()
    client.disconnect()
    equal(left(fixture, destination), ["1", "3"])


@case("A topic subscription has no more out than its prefetch-count.")
def prefetch(fixture):
    client = fixture.client()
    destination = "/topic/" + fixture.name("k")
    client.subscribe(destination, ack="client", prefetch_count="5")
    for number in range(10):
        client.send(destination, f"test{number}")
    messages = client.listener.messages(5)
    client.listener.nothing()
    client.ack(messages[-1][0])
    equal(client.listener.bodies(5), [f"test{number}" for number in range(5, 10)])


@case("NACK brings a message back, and in client mode those before it.")
def nack(fixture):
    client = fixture.client()
    destination = filled(fixture, client, "1", "2")
    client.subscribe(destination, ack="client", prefetch_count="10")
    messages = client.listener.messages(2)
    client.nack(messages[-1][0])
    messages = client.listener.messages(2)
    equal(sorted(body for _, body in messages), ["1", "2"])
    client.ack(messages[-1][0])
    client.done()
    equal(left(fixture, destination), [])


@case("NACK with requeue False does not bring it back.")
def discard(fixture):
    client = fixture.client()
    destination = filled(fixture, client, "nack-test")
    client.subscribe(destination, ack="client-individual")
    [(headers, _)] = client.listener.messages(1)
    client.nack(headers, requeue=False)
    client.done()
    client.listener.nothing()
    client.disconnect()
    equal(left(fixture, destination), [])


@case("A transaction sends at its COMMIT, and its receipts come then.")
def commit(fixture):
    client = fixture.client()
    destination = "/queue/" + fixture.name("q")
    client.subscribe(destination)
    client.connection.begin("test.tx")
    client.send(destination, "hello!", transaction="test.tx", receipt="sent")
    client.send(destination, "again!")
    equal(client.listener.bodies(1), ["again!"])
    client.listener.nothing()
    client.connection.commit("test.tx")
    taken = client.listener.take(2)
    equal(sorted(kind for kind, _, _ in taken), ["message", "receipt"])


@case("A transaction that is aborted sends nothing.")
def abort(fixture):
    client = fixture.client()
    destination = "/queue/" + fixture.name("q")
    client.subscribe(destination)
    client.connection.begin("test.tx")
    client.send(destination, "hello!", transaction="test.tx")
    client.connection.abort("test.tx")
    client.done()
    client.listener.nothing()


@case("A transaction acknowledges at its COMMIT.")
def transactional_ack(fixture):
    client = fixture.client()
    destination = filled(fixture, client, "test")
    client.connection.begin("abc")
    client.subscribe(destination, ack="client")
    [(headers, _)] = client.listener.messages(1)
    client.ack(headers, transaction="abc")
    client.connection.commit("abc")
    client.done()
    client.disconnect()
    equal(left(fixture, destination), [])


main()
