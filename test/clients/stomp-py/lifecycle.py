"""stomp.py connects, unsubscribes, errs and leaves: what it is told, and what ends."""

import time

import stomp
from harness import HOST, STOMP_PORT, Listener, case, contains, equal, eventually, main


def refused(fixture, title, text, user="guest", passcode="guest", **options):
    """Connecting must be answered with this ERROR."""
    kinds = {
        "1.0": stomp.StompConnection10,
        "1.1": stomp.StompConnection11,
        "1.2": stomp.StompConnection12,
    }
    if fixture.version != "1.0":
        options = {"vhost": "/", **options}
    connection = kinds[fixture.version]([(HOST, STOMP_PORT)], **options)
    listener = Listener()
    connection.set_listener("", listener)
    connection.connect(user, passcode)
    headers, body = listener.one("error")
    equal((headers["message"], body), (title, text))
    connection.transport.disconnect_socket()


@case("A wrong user and a wrong password are refused in the same words.")
def login(fixture):
    refused(fixture, "Bad CONNECT", "Access refused for user 'gust'", user="gust")
    refused(fixture, "Bad CONNECT", "Access refused for user 'guest'", passcode="gust")


@case("A vhost that does not exist is refused.")
def vhost(fixture):
    if fixture.version != "1.0":
        refused(fixture, "Bad CONNECT", "Virtual host '//' access denied", vhost="//")


@case("A host that is no vhost but the machine's name means the default one.")
def machine(fixture):
    if fixture.version == "1.0":
        return
    # What stomp.py sends if nobody says otherwise; RabbitMQ refuses it.
    client = fixture.client(vhost=None)
    client.subscribe("/queue/" + fixture.name("q"))


@case("The receipt of DISCONNECT comes before the end.")
def disconnect(fixture):
    client = fixture.client()
    client.connection.send_frame("DISCONNECT", {"receipt": "test"})
    equal(client.listener.receipts(1), ["test"])
    client.gone()


@case("Heart-beats keep a connection that has nothing else to say.")
def heartbeats(fixture):
    if fixture.version != "1.2":
        return
    client = fixture.client(heartbeats=(1000, 1000))
    # What is silent for two to three beats is dropped.
    destination = "/queue/" + fixture.name("q")
    client.subscribe(destination)
    other = fixture.client()
    time.sleep(3.5)
    other.send(destination, "still there?")
    equal(client.listener.bodies(1), ["still there?"])


@case("UNSUBSCRIBE ends the messages, of queues and exchanges.")
def unsubscribe(fixture):
    for destination in ("/queue/" + fixture.name("q"), "/exchange/amq.fanout"):
        client = fixture.client()
        client.subscribe(destination)
        client.send(destination, "test")
        equal(client.listener.bodies(1), ["test"])
        client.unsubscribe()
        client.send(destination, "after-test")
        client.done()
        client.listener.nothing()


@case("STOMP 1.0 subscribes and unsubscribes without an id.")
def without_id(fixture):
    if fixture.version != "1.0":
        return
    client = fixture.client()
    destination = "/queue/" + fixture.name("q")
    client.connection.subscribe(destination)
    client.send(destination, "test")
    [(headers, _)] = client.listener.messages(1)
    equal(headers["message-id"].startswith(f"Q_{destination}@@session-"), True)
    client.connection.unsubscribe(destination=destination)
    client.send(destination, "after-test")
    client.done()
    client.listener.nothing()


def error_of(fixture, command, headers):
    client = fixture.client()
    client.connection.send_frame(command, headers)
    return client.listener.one("error")


@case("Bad destinations are refused in RabbitMQ's words.")
def destinations(fixture):
    for kind, content in (
        ("queue", "/bah/baz"),
        ("queue", ""),
        ("topic", "/bah/baz"),
        ("topic", ""),
        ("exchange", "/bah/baz/boo"),
        ("exchange", ""),
        ("exchange", "//foo"),
    ):
        headers, body = error_of(fixture, "SEND", {"destination": f"/{kind}{content}"})
        equal(headers["message"], "Invalid destination")
        equal(body, f"'{content}' is not a valid {kind} destination\n")
    headers, _ = error_of(fixture, "SEND", {"destination": "/something/interesting"})
    equal(headers["message"], "Unknown destination")


@case("Frames that lack something are refused in RabbitMQ's words.")
def missing(fixture):
    for command in ("SEND", "SUBSCRIBE"):
        headers, _ = error_of(fixture, command, {})
        equal(headers["message"], "Missing destination")
    headers, body = error_of(fixture, "SEND", {"destination": "a", "message-id": "1"})
    equal(headers["message"], "Invalid header")
    equal(body, "'message-id' is not allowed on 'SEND'.\n")
    for header in ("durable", "persistent"):
        wanted = {"destination": "/topic/durable-invalid", "ack": "auto", header: "true"}
        headers, _ = error_of(fixture, "SUBSCRIBE", wanted)
        equal(headers["message"], "Missing Header")
    headers, _ = error_of(fixture, "ACK", {})
    equal(headers["message"], "Missing header")


@case("An exchange that does not exist ends the connection.")
def no_exchange(fixture):
    client = fixture.client()
    wanted = {"destination": "/exchange/does.not.exist", "id": "1", "ack": "auto"}
    client.connection.send_frame("SUBSCRIBE", wanted)
    headers, body = client.listener.one("error")
    equal(headers["message"], "not_found")
    equal(body, "NOT_FOUND - no exchange 'does.not.exist' in vhost '/'")
    client.gone()


@case("A subscription id that is taken ends the connection.")
def duplicate(fixture):
    for destination in ("/exchange/amq.direct/duplicate", "/queue/" + fixture.name("q")):
        client = fixture.client()
        client.subscribe(destination, id="1")
        wanted = {"destination": destination, "id": "1", "ack": "auto"}
        client.connection.send_frame("SUBSCRIBE", wanted)
        headers, body = client.listener.one("error")
        contains(headers, {"message": "Duplicated subscription identifier"})
        equal(body, "A subscription identified by 'T_1' already exists.")
        client.gone()


@case("A queue that is deleted ends its subscription, not the connection.")
def deleted(fixture):
    client = fixture.client()
    name = fixture.name("q")
    client.subscribe("/queue/" + name, id="mine")
    fixture.channel().queue_delete(name)
    headers, _ = client.listener.one("error")
    contains(headers, {"message": "Server cancelled subscription", "subscription": "mine"})
    client.subscribe("/queue/" + name, id="mine")
    client.send("/queue/" + name, "test")
    equal(client.listener.bodies(1), ["test"])


@case("The last message of a client that goes without a word is kept.")
def gone(fixture):
    name = fixture.name("q")
    client = fixture.client()
    client.send("/queue/" + name, "last", receipt="r")
    equal(client.listener.receipts(1), ["r"])
    client.connection.transport.disconnect_socket()
    channel = fixture.channel()

    def waiting():
        return channel.queue_declare(name, passive=True).method.message_count

    eventually(waiting, 1)


main()
