"""Logs in with pika and stomp.py as USER with PASSWORD, exchanges a message in either direction over
queues whose names begin with `yes`, and tries what is denied: a wrong password, and the name `no`.
Prints one JSON object with what came of it.
"""

import json
import os
import queue

import pika
import stomp

USER = os.environ["USER"]
PASSWORD = os.environ["PASSWORD"]
PATIENCE_S = 20


def amqp(password):
    credentials = pika.PlainCredentials(USER, password)
    address = {"host": "127.0.0.1", "port": int(os.environ["AMQP_PORT"])}
    return pika.BlockingConnection(pika.ConnectionParameters(**address, credentials=credentials))


class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.messages = queue.Queue()
        self.errors = queue.Queue()

    def on_message(self, frame):
        self.messages.put(frame.body)

    def on_error(self, frame):
        self.errors.put(frame.headers["message"])


def stomp_as(password):
    connection = stomp.Connection12([("127.0.0.1", int(os.environ["STOMP_PORT"]))])
    listener = Listener()
    connection.set_listener("", listener)
    connection.connect(USER, password, wait=True, headers={"host": "/"})
    return connection, listener


results = {}

try:
    amqp("wrong")
except pika.exceptions.AMQPConnectionError as error:
    results["amqp_wrong_password"] = type(error).__name__
try:
    stomp_as("wrong")
except stomp.exception.ConnectFailedException:
    results["stomp_wrong_password"] = "refused"

connection = amqp(PASSWORD)
channel = connection.channel()
channel.confirm_delivery()
for name in ("yes.to.stomp", "yes.to.pika"):
    channel.queue_declare(name, auto_delete=True)
client, listener = stomp_as(PASSWORD)
client.subscribe("/amq/queue/yes.to.stomp", id="1")
channel.basic_publish("", "yes.to.stomp", b"from pika")
results["received"] = listener.messages.get(timeout=PATIENCE_S)
client.send("/amq/queue/yes.to.pika", "from stomp.py")
_, _, body = next(channel.consume("yes.to.pika", inactivity_timeout=PATIENCE_S))
results["returned"] = body.decode()
transactional = connection.channel()
transactional.tx_select()
transactional.basic_publish("", "yes.to.stomp", b"in a transaction")
transactional.tx_commit()
results["committed"] = listener.messages.get(timeout=PATIENCE_S)

try:
    connection.channel().queue_declare("no")
except pika.exceptions.ChannelClosedByBroker as error:
    results["amqp_denied"] = error.reply_code
client.send("/queue/no", "x", receipt="r")
results["stomp_denied"] = listener.errors.get(timeout=PATIENCE_S)

connection.close()
print(json.dumps(results))
