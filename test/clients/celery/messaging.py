"""kombu (and py-amqp below it) without Celery: what applications use of it by themselves.

Prints one JSON line a case, as test/clients/pika/harness.py does."""

import json
import os
import socket
import traceback
import uuid

from amqp.exceptions import NotFound, PreconditionFailed
from kombu import Connection, Consumer, Exchange, Producer, Queue

URL = os.environ["AMQP_URL"]
PATIENCE_S = 20
CASES = []


def case(title):
    def register(function):
        CASES.append((title, function))
        return function

    return register


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def name(word):
    return f"kombu-{word}-{uuid.uuid4().hex[:8]}"


@case("A simple queue gives back what was put into it, once.")
def simple_queue(connection):
    with connection.SimpleQueue(name("simple")) as queue:
        queue.put({"answer": 42}, headers={"a": [1, {"b": None}]}, compression="zlib")
        message = queue.get(timeout=PATIENCE_S)
        equal((message.payload, message.headers["a"]), ({"answer": 42}, [1, {"b": None}]))
        message.ack()
        equal(queue.qsize(), 0)
        queue.consumer.cancel()
        queue.queue.delete()


@case("Producers publish with confirms and retries, consumers get by topic.")
def topic():
    options = {"confirm_publish": True}
    with Connection(URL, transport_options=options, heartbeat=10) as connection:
        exchange = Exchange(name("news"), "topic", durable=False, auto_delete=True)
        queue = Queue(name("eu"), exchange, routing_key="news.eu.#", exclusive=True)
        seen = []

        def on_message(message):
            seen.append(message.payload)
            message.ack()

        with connection.channel() as channel:
            with Consumer(channel, queue, prefetch_count=1, on_message=on_message):
                producer = Producer(connection.channel(), exchange)
                for key in ["news.us", "news.eu.de", "news.eu"]:
                    policy = {"max_retries": 3}
                    producer.publish(key, routing_key=key, retry=True, retry_policy=policy)
                while len(seen) < 2:
                    connection.drain_events(timeout=PATIENCE_S)
                    connection.heartbeat_check()
        equal(seen, ["news.eu.de", "news.eu"])


@case("A queue with arguments is declared as kombu spells them.")
def arguments(connection):
    queue = Queue(
        name("arguments"),
        expires=60,
        message_ttl=5,
        max_length=10,
        max_length_bytes=1000,
        max_priority=5,
        channel=connection.channel(),
    )
    queue.declare()
    again = Queue(queue.name, message_ttl=6, channel=connection.channel())
    try:
        again.declare()
    except PreconditionFailed as error:
        equal(error.reply_text.startswith("PRECONDITION_FAILED - inequivalent arg"), True)
    else:
        raise AssertionError("not refused")
    Queue(queue.name, channel=connection.channel()).delete()


@case("A prefetch for the channel is lowered while messages are out.")
def lowering(connection):
    channel = connection.channel()
    queue = Queue(name("prefetch"), channel=channel, exclusive=True)
    queue.declare()
    producer = Producer(connection.channel())
    for number in range(8):
        producer.publish(number, routing_key=queue.name)
    seen = []
    consumer = Consumer(channel, queue, on_message=seen.append)
    channel.basic_qos(0, 4, True)
    consumer.consume()

    def drain():
        while True:
            try:
                connection.drain_events(timeout=0.3)
            except socket.timeout:
                return len(seen)

    equal(drain(), 4)
    channel.basic_qos(0, 2, True)
    seen[0].ack()
    seen[1].ack()
    equal(drain(), 4)
    seen[2].ack()
    equal(drain(), 5)


@case("An error of a channel is raised, and the connection goes on.")
def errors(connection):
    try:
        connection.channel().queue_declare(name("nowhere"), passive=True)
    except NotFound as error:
        equal(error.code, 404)
    else:
        raise AssertionError("not refused")
    equal(connection.connected, True)
    connection.channel().close()


def main():
    for title, function in CASES:
        error = None
        try:
            if function.__code__.co_argcount == 0:
                function()
            else:
                with Connection(URL) as connection:
                    function(connection)
        except BaseException:  # whatever it was, it belongs in the report
            error = traceback.format_exc()
        print(json.dumps({"title": title, "error": error}), flush=True)


main()
