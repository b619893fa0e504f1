"""Takes every reading over AMQP: acknowledges what it could process, refuses the rest."""

import os

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672")

#: Stop after that many; 0 for never.
READINGS = int(os.environ.get("READINGS", "0"))

connection = pika.BlockingConnection(pika.URLParameters(URL))
channel = connection.channel()
channel.queue_declare("failed_readings", durable=True)
channel.queue_declare(
    "readings",
    durable=True,
    arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "failed_readings"},
)
channel.queue_bind("readings", "amq.topic", "sensors.*.temperature")
channel.basic_qos(prefetch_count=10)
print("worker is ready", flush=True)

for number, (method, _, body) in enumerate(channel.consume("readings"), start=1):
    try:
        celsius = float(body)
    except ValueError:
        channel.basic_nack(method.delivery_tag, requeue=False)
        print(f"refused {body.decode()}", flush=True)
    else:
        channel.basic_ack(method.delivery_tag)
        print(f"processed {celsius}", flush=True)
    if number == READINGS:
        break

channel.cancel()
method, properties, body = channel.basic_get("failed_readings", auto_ack=True)
if method is not None:
    death = properties.headers["x-death"][0]
    print(f"dead letter {body.decode()}: {death['reason']} in {death['queue']}", flush=True)
connection.close()
