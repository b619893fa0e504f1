"""Runs the cases of one file against the broker at AMQP_URL and prints one JSON line for each.

A case is a function with a title, `@case("A sentence.")`, that takes a Fixture; it passes unless
it raises. pika.test.ts reads the titles from the source and the results from the output. Names
come from the fixture, which deletes afterwards what was so named.
"""

import contextlib
import json
import os
import sys
import time
import traceback
import uuid

import pika
import pika.exceptions

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672")

#: How long to wait for what must come.
PATIENCE_S = 10

CASES = []


def case(title):
    def register(function):
        CASES.append((title, function))
        return function

    return register


class Fixture:
    """Connections and names of one case."""

    def __init__(self):
        self.connections = []
        self.names = []

    def name(self, word):
        name = f"{word}-{uuid.uuid4().hex[:12]}"
        self.names.append(name)
        return name

    def connect(self, **changes):
        parameters = pika.URLParameters(URL)
        for attribute, value in changes.items():
            setattr(parameters, attribute, value)
        connection = pika.BlockingConnection(parameters)
        self.connections.append(connection)
        return connection

    def channel(self, connection=None):
        """In confirm mode: basic_publish waits, so that what was published is in its queue."""
        channel = (connection or self.connect()).channel()
        channel.confirm_delivery()
        return channel

    def queue(self, channel, word="q", arguments=None, **options):
        name = self.name(word)
        channel.queue_declare(name, arguments=arguments, **options)
        return name

    def exchange(self, channel, kind, **options):
        name = self.name("x")
        channel.exchange_declare(name, exchange_type=kind, **options)
        return name

    def clean(self):
        for connection in self.connections:
            if connection.is_open:
                with contextlib.suppress(pika.exceptions.AMQPError):
                    connection.close()
        connection = pika.BlockingConnection(pika.URLParameters(URL))
        channel = connection.channel()
        for name in self.names:
            channel.queue_delete(name)
            channel.exchange_delete(name)
        connection.close()


@contextlib.contextmanager
def refused(code, text):
    """The body must be refused with this code and text."""
    try:
        yield
    except (
        pika.exceptions.ChannelClosedByBroker,
        pika.exceptions.ConnectionClosedByBroker,
    ) as closed:
        equal((closed.reply_code, closed.reply_text), (code, text))
    else:
        raise AssertionError(f"not refused with {code}")


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def eventually(question, expected):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = question()
        if found == expected:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"found {found!r} to the end, expected {expected!r}")
        time.sleep(0.02)


def send(channel, queue, *bodies, **properties):
    for body in bodies:
        channel.basic_publish("", queue, body, pika.BasicProperties(**properties))


def ready(channel, queue):
    return channel.queue_declare(queue, passive=True).method.message_count


def drain(channel, queue):
    """Everything in the queue, first to last, as (method, properties, body)."""
    messages = []
    while True:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            return messages
        messages.append((method, properties, body))


def bodies(messages):
    return [body.decode() for _, _, body in messages]


def take(channel, count, queue, **options):
    """The next deliveries of a new consumer: as many as asked for. Returns (messages, tag)."""
    messages = []

    def on_message(_, method, properties, body):
        messages.append((method, properties, body))

    tag = channel.basic_consume(queue, on_message, **options)
    wait_for(channel.connection, lambda: len(messages) >= count)
    return messages, tag


def wait_for(connection, condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("what should have come did not")
        connection.process_data_events(time_limit=0.05)


def settled(channel, queue):
    """Afterwards, whatever the queue had to send to this channel has been received."""
    for _ in range(2):
        channel.queue_declare(queue, passive=True)
    channel.connection.process_data_events(time_limit=0)


def main():
    for title, function in CASES:
        fixture = Fixture()
        error = None
        try:
            function(fixture)
        except BaseException:  # whatever it was, it belongs in the report
            error = traceback.format_exc()
        try:
            fixture.clean()
        except Exception:
            error = error or traceback.format_exc()
        print(json.dumps({"title": title, "error": error}), flush=True)
    sys.exit(0)
