"""Paho against the broker at MQTT_HOST:MQTT_PORT: what interoperability suites ask of a broker,
in versions 3.1.1 and 5. Prints one JSON line for each case; paho.test.ts reads the titles from
the source and the results from the output.
"""

import json
import os
import queue
import traceback
import uuid

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

HOST = os.environ.get("MQTT_HOST", "127.0.0.1")
PORT = int(os.environ.get("MQTT_PORT", "1883"))
V3, V5 = mqtt.MQTTv311, mqtt.MQTTv5

#: How long to wait for what must come, and for what must not.
PATIENCE_S = 20
SILENCE_S = 0.3

CASES = []


def case(title):
    def register(function):
        CASES.append((title, function))
        return function

    return register


class Client:
    """One paho client whose events are queues."""

    def __init__(self, version, client_id=None, clean=True, expiry=0, keepalive=60, will=None):
        self.version = version
        client_id = client_id or f"paho-{uuid.uuid4().hex[:12]}"
        session = {} if version == V5 else {"clean_session": clean}
        self.client = mqtt.Client(client_id, protocol=version, **session)
        self.client.username_pw_set("guest", "guest")
        self.connected = queue.Queue()
        self.messages = queue.Queue()
        self.subscribed = queue.Queue()
        self.unsubscribed = queue.Queue()
        self.published = queue.Queue()
        self.gone = queue.Queue()
        self.client.on_connect = lambda *args: self.connected.put(args[2:])
        self.client.on_message = lambda _client, _data, message: self.messages.put(message)
        self.client.on_subscribe = lambda *args: self.subscribed.put(args[3:])
        self.client.on_unsubscribe = lambda *args: self.unsubscribed.put(args[2:])
        self.client.on_publish = lambda _client, _data, mid: self.published.put(mid)
        self.client.on_disconnect = lambda *args: self.gone.put(args[2:])
        if will is not None:
            self.client.will_set(**will)
        options = {}
        if version == V5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = expiry
            options = {"clean_start": clean, "properties": properties}
        self.client.connect(HOST, PORT, keepalive=keepalive, **options)
        self.client.loop_start()
        flags, self.reason = self.connected.get(timeout=PATIENCE_S)[:2]
        self.present = bool(flags["session present"])

    def subscribe(self, topic, qos=0, **options):
        if self.version == V5:
            self.client.subscribe(topic, options=SubscribeOptions(qos=qos, **options))
        else:
            self.client.subscribe(topic, qos)
        return self.subscribed.get(timeout=PATIENCE_S)[0]

    def publish(self, topic, payload, qos=0, retain=False, **properties):
        given = None
        if properties:
            given = Properties(PacketTypes.PUBLISH)
            for name, value in properties.items():
                setattr(given, name, value)
        self.client.publish(topic, payload, qos, retain, properties=given)
        self.published.get(timeout=PATIENCE_S)

    def get(self, count):
        return [self.messages.get(timeout=PATIENCE_S) for _ in range(count)]

    def silent(self):
        try:
            message = self.messages.get(timeout=SILENCE_S)
        except queue.Empty:
            return
        raise AssertionError(f"nothing more should come: {message.topic} {message.payload}")

    def leave(self):
        self.client.disconnect()
        self.gone.get(timeout=PATIENCE_S)
        self.client.loop_stop()

    def vanish(self):
        """As a client that dies does."""
        self.client.loop_stop()
        self.client.socket().close()


def fresh(word="t"):
    return f"paho/{word}/{uuid.uuid4().hex[:12]}"


def both(title):
    """A case for each version."""

    def register(function):
        for name, version in (("3.1.1", V3), ("5", V5)):
            CASES.append((f"{name}: {title}", lambda version=version: function(version)))
        return function

    return register


@both("Messages of every QoS come back.")
def basic(version):
    topic, client = fresh(), Client(version)
    client.subscribe(topic, 2)
    for qos in range(3):
        client.publish(topic, f"qos {qos}", qos)
    assert sorted(m.qos for m in client.get(3)) == [0, 1, 2]
    client.leave()


@both("Retained messages come by wildcard, until they are cleared.")
def retained(version):
    topic, client = fresh(), Client(version)
    for qos in range(3):
        client.publish(f"{topic}/{qos}", f"qos {qos}", qos, retain=True)
    client.subscribe(f"{topic}/+", 2)
    found = client.get(3)
    assert all(m.retain for m in found) and sorted(m.qos for m in found) == [0, 1, 2]
    for qos in range(3):
        client.publish(f"{topic}/{qos}", b"", qos, retain=True)
    client.get(3)
    client.leave()
    late = Client(version)
    late.subscribe(f"{topic}/+", 2)
    late.silent()
    late.leave()


@both("A will is published when its client vanishes, not when it leaves.")
def will(version):
    topic, watcher = fresh(), Client(version)
    watcher.subscribe(topic, 2)
    Client(version, will={"topic": topic, "payload": "left"}).leave()
    Client(version, will={"topic": topic, "payload": "vanished", "qos": 2}).vanish()
    assert watcher.get(1)[0].payload == b"vanished"
    watcher.silent()
    watcher.leave()


@both("A will is published when the keep-alive runs out.")
def keepalive(version):
    topic, watcher = fresh(), Client(version)
    watcher.subscribe(topic, 1)
    silent = Client(version, keepalive=1, will={"topic": topic, "payload": "silent"})
    silent.client.loop_stop()
    assert watcher.get(1)[0].payload == b"silent"
    watcher.leave()


@both("Messages wait for a client that is away, and its session is present.")
def offline(version):
    topic, name = fresh(), f"paho-{uuid.uuid4().hex[:12]}"
    away = Client(version, name, clean=False, expiry=100)
    assert not away.present
    away.subscribe(f"{topic}/#", 2)
    away.leave()
    sender = Client(version)
    for qos in range(3):
        sender.publish(f"{topic}/{qos}", f"qos {qos}", qos)
    sender.leave()
    back = Client(version, name, clean=False, expiry=100)
    assert back.present
    assert [m.qos for m in back.get(3)] == [0, 1, 2]
    back.leave()
    assert not Client(version, name, clean=True).present


@both("Overlapping subscriptions give one message, with the highest QoS.")
def overlapping(version):
    topic, client = fresh(), Client(version)
    client.subscribe(f"{topic}/#", 2)
    client.subscribe(f"{topic}/+", 1)
    client.publish(f"{topic}/C", "overlapping", 2)
    assert client.get(1)[0].qos == 2
    client.silent()
    client.leave()


@both("Topics with a dollar sign are hidden from wildcards.")
def dollar(version):
    topic, client = fresh(), Client(version)
    client.subscribe("+/" + topic, 2)
    client.publish("$" + topic, "hidden", 1)
    client.publish("x/" + topic, "seen", 1)
    assert client.get(1)[0].payload == b"seen"
    client.silent()
    client.leave()


@both("Unsubscribing ends one subscription only.")
def unsubscribe(version):
    topic, client = fresh(), Client(version)
    for name in "abc":
        client.subscribe(f"{topic}/{name}", 2)
    client.client.unsubscribe(f"{topic}/a")
    client.unsubscribed.get(timeout=PATIENCE_S)
    for name in "abc":
        client.publish(f"{topic}/{name}", name, 1)
    assert sorted(m.payload for m in client.get(2)) == [b"b", b"c"]
    client.silent()
    client.leave()


@both("A second connection of a client takes the place of the first.")
def takeover(version):
    name = f"paho-{uuid.uuid4().hex[:12]}"
    first = Client(version, name, clean=False, expiry=100)
    first.client.reconnect_delay_set(60, 120)
    second = Client(version, name, clean=False, expiry=100)
    assert second.present
    first.gone.get(timeout=PATIENCE_S)
    first.client.loop_stop()
    second.leave()


@both("A shared subscription gives each message to one of the group.")
def shared(version):
    topic = fresh()
    members = [Client(version), Client(version)]
    for member in members:
        member.subscribe(f"$share/group/{topic}", 2)
    for number in range(10):
        members[0].publish(topic, str(number), 1)
    found = members[0].get(5) + members[1].get(5)
    assert sorted(int(m.payload) for m in found) == list(range(10))
    for member in members:
        member.silent()
        member.leave()


@case("5: Properties arrive as they were sent.")
def properties():
    topic, client = fresh(), Client(V5)
    client.subscribe(topic, 2)
    for qos in range(3):
        client.publish(
            topic,
            "x",
            qos,
            UserProperty=[("a", "2"), ("c", "3"), ("a", "1")],
            ContentType="My name",
            PayloadFormatIndicator=1,
            ResponseTopic="answer/here",
            CorrelationData=b"334",
        )
    for message in client.get(3):
        found = message.properties
        assert found.UserProperty == [("a", "2"), ("c", "3"), ("a", "1")], found.UserProperty
        assert found.ContentType == "My name" and found.PayloadFormatIndicator == 1
        assert found.ResponseTopic == "answer/here" and found.CorrelationData == b"334"
    client.leave()


@case("5: What has run out does not come, and the rest says how long it has left.")
def expiry():
    topic, name = fresh(), f"paho-{uuid.uuid4().hex[:12]}"
    away = Client(V5, name, expiry=100)
    away.subscribe(topic, 2)
    away.leave()
    sender = Client(V5)
    sender.publish(topic, "short", 1, MessageExpiryInterval=1)
    sender.publish(topic, "long", 2, MessageExpiryInterval=100)
    later = Client(V5, clean=True)
    later.subscribe(fresh("later"), 1)
    try:
        later.messages.get(timeout=1.5)
    except queue.Empty:
        pass
    back = Client(V5, name, clean=False, expiry=100)
    (message,) = back.get(1)
    assert message.payload == b"long" and message.properties.MessageExpiryInterval < 100
    back.silent()


@case("5: No-local, retain as published and retain handling do what they say.")
def options():
    topic = fresh()
    first, second = Client(V5), Client(V5)
    first.subscribe(topic, 2, noLocal=True)
    second.subscribe(topic, 2, noLocal=True, retainAsPublished=True)
    first.publish(topic, "x", 1, retain=True)
    (message,) = second.get(1)
    assert message.retain
    first.silent()
    first.subscribe(topic, 2, retainHandling=1)
    first.silent()
    third = Client(V5)
    third.subscribe(topic, 2, retainHandling=2)
    third.silent()
    third.subscribe(topic, 2, retainHandling=0)
    assert third.get(1)[0].retain


@case("5: Clients without an identifier are given one, and the others are not.")
def identifiers():
    found = []
    for name in ("", f"paho-{uuid.uuid4().hex[:12]}"):
        client = mqtt.Client(name, protocol=V5)
        client.username_pw_set("guest", "guest")
        events = queue.Queue()
        client.on_connect = lambda _c, _d, _f, _r, given, events=events: events.put(given)
        client.connect(HOST, PORT, clean_start=False)
        client.loop_start()
        found.append(hasattr(events.get(timeout=PATIENCE_S), "AssignedClientIdentifier"))
        client.disconnect()
        client.loop_stop()
    assert found == [True, False], found


def main():
    for title, function in CASES:
        error = None
        try:
            function()
        except BaseException:  # whatever it is, it is this case's result
            error = traceback.format_exc()
        print(json.dumps({"title": title, "error": error}), flush=True)


main()
# paho's threads of clients that are still connected would keep the process alive.
os._exit(0)
