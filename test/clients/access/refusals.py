"""Meets every refusal that has to do with users and prints what the broker said, a JSON line each.

The users and vhosts are made by access.test.ts; setup.py beside this makes them on a RabbitMQ, whose
answers are in rabbitmq-4.0.json.
"""

import json
import os

import pika

HOST = os.environ.get("AMQP_HOST", "127.0.0.1")
PORT = int(os.environ["AMQP_PORT"])


def connect(user, vhost="access_v", password=None):
    credentials = pika.PlainCredentials(user, password or user)
    parameters = pika.ConnectionParameters(HOST, PORT, vhost, credentials)
    return pika.BlockingConnection(parameters)


def outcome(attempt):
    try:
        attempt()
    except pika.exceptions.AMQPError as error:
        # pika wraps refusals of logins: the text within is the broker's.
        return " ".join(str(part) for part in error.args)
    return "accepted"


def report(step, attempt):
    print(json.dumps({"step": step, "outcome": outcome(attempt)}), flush=True)


def on_channel(connection, attempt):
    channel = connection.channel()

    def run():
        attempt(channel)
        # A publish is answered by nothing: what comes after it is not answered if it was refused.
        channel.queue_declare("access_q", passive=True)

    return run


def publish(key, **properties):
    return lambda channel: channel.basic_publish(
        "amq.topic", key, b"", pika.BasicProperties(**properties)
    )


def logins():
    report("wrong password", lambda: connect("access_all", password="wrong"))
    report("unknown user", lambda: connect("access_nobody"))
    report("blank password", lambda: connect("access_blank", password=""))
    report("no permission in the vhost", lambda: connect("access_all", "access_none"))
    report("no such vhost", lambda: connect("access_all", "access_nowhere"))
    report("vhost is full", lambda: connect("access_all", "access_none_in"))
    report("user has enough connections", lambda: connect("access_unconnected"))
    report("user has enough, and no such vhost", lambda: connect("access_unconnected", "x"))


def topics(connection):
    report("topic publish", on_channel(connection, publish("a.b")))
    report("topic publish refused", on_channel(connection, publish("b")))
    report("topic CC", on_channel(connection, publish("a", headers={"CC": ["a.c"]})))
    report("topic CC refused", on_channel(connection, publish("a", headers={"CC": ["x"]})))
    report("topic BCC refused", on_channel(connection, publish("a", headers={"BCC": ["y"]})))
    report("topic before user-id", on_channel(connection, publish("b", user_id="other")))
    report("expiration before topic", on_channel(connection, publish("b", expiration="soon")))
    report("user-id", on_channel(connection, publish("a", user_id="access_all")))
    for key in ("b.#", "a"):
        bind = lambda channel: channel.queue_bind("access_q", "amq.topic", key)
        unbind = lambda channel: channel.queue_unbind("access_q", "amq.topic", key)
        into = lambda channel: channel.exchange_bind("amq.topic", "amq.fanout", key)
        out_of = lambda channel: channel.exchange_bind("amq.fanout", "amq.topic", key)
        report(f"topic bind {key}", on_channel(connection, bind))
        report(f"topic unbind {key}", on_channel(connection, unbind))
        report(f"bind into topic {key}", on_channel(connection, into))
        report(f"bind out of topic {key}", on_channel(connection, out_of))


def queues(connection):
    for name in ("access_q", "access_more"):
        declare = lambda channel: channel.queue_declare(name)
        report(f"queue limit {name}", on_channel(connection, declare))
    wrong = lambda channel: channel.queue_declare("access_more", arguments={"x-message-ttl": -1})
    report("argument before queue limit", on_channel(connection, wrong))


def permissions(connection):
    attempts = {
        "declare": lambda channel: channel.queue_declare("access_more"),
        "declare with a dead-letter exchange": lambda channel: channel.queue_declare(
            "own_q", arguments={"x-dead-letter-exchange": "amq.fanout"}
        ),
        "passive declare": lambda channel: channel.queue_declare("access_q", passive=True),
        "delete": lambda channel: channel.queue_delete("access_q"),
        "purge": lambda channel: channel.queue_purge("access_q"),
        "get": lambda channel: channel.basic_get("access_q"),
        "consume": lambda channel: channel.basic_consume("access_q", lambda *_: None),
        "publish": lambda channel: channel.basic_publish("", "access_q", b""),
        "declare exchange": lambda channel: channel.exchange_declare("access_x"),
        "delete exchange": lambda channel: channel.exchange_delete("access_x"),
        "bind": lambda channel: channel.queue_bind("access_q", "amq.direct", "k"),
    }
    for step, attempt in attempts.items():
        report(f"permission to {step}", on_channel(connection, attempt))


def channels():
    connection = connect("access_unchannelled")
    connection.channel()
    report("user has enough channels", connection.channel)


logins()
topical = connect("access_topical")
topical.channel().queue_declare("access_q")
topics(topical)
queues(topical)
permissions(connect("access_little"))
channels()
