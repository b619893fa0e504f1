"""pika's callbacks for connection.blocked: prints what it is told. Argument: port."""

import sys

import pika

connection = pika.BlockingConnection(
    pika.ConnectionParameters(host="127.0.0.1", port=int(sys.argv[1]))
)
told = []
connection.add_on_connection_blocked_callback(
    lambda _, frame: told.append(f"blocked: {frame.method.reason}")
)
connection.add_on_connection_unblocked_callback(lambda *_: told.append("unblocked"))
channel = connection.channel()
channel.queue_declare("blocked")
channel.basic_publish("", "blocked", b"first")
while len(told) < 2:
    connection.process_data_events(time_limit=0.1)
print("\n".join(told))
connection.close()
