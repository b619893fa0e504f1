"""Runs the cases of one file against the broker at STOMP_PORT with stomp.py, in each version of
STOMP, and prints one JSON line for each.

A case is a function with a title, `@case("A sentence.")`, that takes a Fixture; it passes unless it
raises. stomp-py.test.ts reads the titles from the source and the results from the output. Names of
queues come from the fixture, which deletes them afterwards (with pika, at AMQP_PORT).
"""

import json
import os
import sys
import threading
import time
import traceback
import uuid

import pika
import stomp

HOST = "127.0.0.1"
STOMP_PORT = int(os.environ["STOMP_PORT"])
AMQP_PORT = int(os.environ["AMQP_PORT"])

#: How long to wait for what must come.
PATIENCE_S = 15

#: How long what must not come has time to come.
SILENCE_S = 0.3

VERSIONS = ["1.0", "1.1", "1.2"]

CASES = []


def case(title):
    def register(function):
        CASES.append((title, function))
        return function

    return register


class Listener(stomp.ConnectionListener):
    """What came, in order: ("message", headers, body), ("receipt", …), ("error", …)."""

    def __init__(self):
        self.came = []
        self.changed = threading.Condition()

    def on_message(self, frame):
        self._note("message", frame)

    def on_receipt(self, frame):
        self._note("receipt", frame)

    def on_error(self, frame):
        self._note("error", frame)

    def _note(self, kind, frame):
        with self.changed:
            self.came.append((kind, frame.headers, frame.body))
            self.changed.notify_all()

    def take(self, count):
        """The next `count` things that come, whatever they are."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.came) >= count, PATIENCE_S):
                raise AssertionError(f"{count} should have come, found {self.came!r}")
            taken, self.came = self.came[:count], self.came[count:]
            return taken

    def one(self, kind):
        [(found, headers, body)] = self.take(1)
        if found != kind:
            raise AssertionError(f"a {kind} should have come, found {found} {headers} {body!r}")
        return headers, body

    def messages(self, count):
        taken = self.take(count)
        equal([kind for kind, _, _ in taken], ["message"] * count)
        return [(headers, body) for _, headers, body in taken]

    def bodies(self, count):
        return [body for _, body in self.messages(count)]

    def receipts(self, count):
        taken = self.take(count)
        equal([kind for kind, _, _ in taken], ["receipt"] * count)
        return [headers["receipt-id"] for _, headers, _ in taken]

    def nothing(self):
        time.sleep(SILENCE_S)
        with self.changed:
            equal(self.came, [])


class Client:
    """One connection of stomp.py, with the calls of all versions looking the same."""

    def __init__(self, version, user="guest", passcode="guest", **options):
        kinds = {
            "1.0": stomp.StompConnection10,
            "1.1": stomp.StompConnection11,
            "1.2": stomp.StompConnection12,
        }
        if version != "1.0":
            options = {"vhost": "/", **options}
        self.version = version
        self.connection = kinds[version]([(HOST, STOMP_PORT)], **options)
        self.listener = Listener()
        self.connection.set_listener("", self.listener)
        self.connection.connect(user, passcode, wait=True)

    def subscribe(self, destination, id="sub", ack="auto", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["receipt"] = "subscribed"
        self.connection.subscribe(destination, id=id, ack=ack, headers=headers)
        equal(self.listener.receipts(1), ["subscribed"])

    def unsubscribe(self, id="sub", **headers):
        headers["receipt"] = "unsubscribed"
        self.connection.unsubscribe(id=id, headers=headers)
        equal(self.listener.receipts(1), ["unsubscribed"])

    def send(self, destination, body, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.send(destination, body, headers=headers)

    def ack(self, headers, **more):
        self._settle("ACK", headers, more)

    def nack(self, headers, **more):
        self._settle("NACK", headers, more)

    def _settle(self, command, headers, more):
        named = {"message-id": headers["message-id"], "subscription": headers["subscription"]}
        if self.version == "1.2":
            named = {"id": headers["ack"]}
        self.connection.send_frame(command, {**named, **more})

    def done(self):
        """The broker has dealt with everything before."""
        self.connection.begin("done")
        self.connection.send_frame("ABORT", {"transaction": "done", "receipt": "done"})
        equal(self.listener.receipts(1), ["done"])

    def disconnect(self):
        # Connection.disconnect() may wait for ever for its own thread if the broker is quick.
        self.connection.send_frame("DISCONNECT", {"receipt": "bye"})
        equal(self.listener.receipts(1), ["bye"])
        self.gone()

    def gone(self):
        eventually(self.connection.is_connected, False)


class Fixture:
    """Connections and names of one case, in one version of STOMP."""

    def __init__(self, version):
        self.version = version
        self.clients = []
        self.names = []

    def name(self, word):
        name = f"stomp-{word}-{uuid.uuid4().hex[:12]}"
        self.names.append(name)
        return name

    def client(self, **options):
        client = Client(self.version, **options)
        self.clients.append(client)
        return client

    def channel(self):
        channel = pika.BlockingConnection(amqp()).channel()
        channel.confirm_delivery()
        return channel

    def clean(self):
        for client in self.clients:
            client.connection.transport.disconnect_socket()
        connection = pika.BlockingConnection(amqp())
        channel = connection.channel()
        for name in self.names:
            channel.queue_delete(name)
        connection.close()


def amqp():
    return pika.ConnectionParameters(HOST, AMQP_PORT)


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def contains(found, expected):
    """Is everything in the dictionary `found` that is in `expected`?"""
    equal({name: found.get(name) for name in expected}, expected)


def eventually(question, expected):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = question()
        if found == expected:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"found {found!r} to the end, expected {expected!r}")
        time.sleep(0.02)


def main():
    for version in VERSIONS:
        for title, function in CASES:
            fixture = Fixture(version)
            error = None
            try:
                function(fixture)
            except BaseException:  # whatever it was, it belongs in the report
                error = traceback.format_exc()
            try:
                fixture.clean()
            except Exception:
                error = error or traceback.format_exc()
            print(json.dumps({"title": f"{title} ({version})", "error": error}), flush=True)
    sys.stdout.flush()
    os._exit(0)  # stomp.py's threads may still read from connections that are gone
