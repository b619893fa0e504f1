"""pika over TLS: publishes and gets a message back. Arguments: port, directory with certificates,
and "external" for a login by the certificate alone."""

import ssl
import sys

import pika

port, directory = int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile=f"{directory}/root.pem")
context.load_cert_chain(f"{directory}/client.pem", f"{directory}/client.pem.key")
if "external" in sys.argv:
    credentials = pika.credentials.ExternalCredentials()
else:
    credentials = pika.PlainCredentials("guest", "guest")
parameters = pika.ConnectionParameters(
    host="localhost",
    port=port,
    credentials=credentials,
    ssl_options=pika.SSLOptions(context, "localhost"),
)
with pika.BlockingConnection(parameters) as connection:
    channel = connection.channel()
    channel.confirm_delivery()
    queue = channel.queue_declare("", exclusive=True).method.queue
    body = b"x" * 1_000_000
    channel.basic_publish("", queue, body)
    _, _, got = channel.basic_get(queue, auto_ack=True)
    assert got == body
print("ok")
