#!/usr/bin/env python3
"""Orders with retries left to people: a topic exchange, a queue with priorities and a day of
patience, and a place where failed orders wait with the story of their failure.

Plain pika, nothing of Warren: it runs against any AMQP 0-9-1 broker.

    AMQP_URL=amqp://guest:guest@localhost:5672 python3 orders.py

Exits with 0 when every order went where it should, with 1 otherwise.
"""

import json
import os
import sys
import uuid

import pika

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672")
DAY_MS = 86_400_000

#: When to stop waiting for orders and say which are missing.
PATIENCE_S = 20

#: Orders of this run carry its id, so that what an earlier run left behind is not mistaken for ours.
RUN = uuid.uuid4().hex[:8]

#: (number, region, priority, does processing succeed?)
ORDERS = [
    (1, "eu", 1, True),
    (2, "us", 5, True),
    (3, "eu", 9, False),
    (4, "asia", 5, True),
    (5, "us", 10, True),
    (6, "eu", 3, False),
]


def main():
    connection = pika.BlockingConnection(connection_parameters())
    channel = connection.channel()
    declare_topology(channel)
    publish_orders(channel)
    processed, failed = process_orders(channel)
    dead = collect_dead_letters(channel, failed)
    connection.close()
    return verdict(processed, failed, dead)


def connection_parameters():
    parameters = pika.URLParameters(URL)
    parameters.heartbeat = 600
    parameters.blocked_connection_timeout = 300
    return parameters


def declare_topology(channel):
    channel.exchange_declare("orders", exchange_type="topic", durable=True)
    channel.exchange_declare("orders_dlx", exchange_type="topic", durable=True)
    channel.queue_declare(
        "order_processing",
        durable=True,
        arguments={
            "x-message-ttl": DAY_MS,
            "x-dead-letter-exchange": "orders_dlx",
            "x-max-priority": 10,
        },
    )
    channel.queue_bind("order_processing", "orders", "order.*.created")
    channel.queue_declare("failed_orders", durable=True)
    channel.queue_bind("failed_orders", "orders_dlx", "#")
    print("declared orders -> order_processing -> orders_dlx -> failed_orders")


def publish_orders(channel):
    channel.confirm_delivery()
    for number, region, priority, succeeds in ORDERS:
        order = {"run": RUN, "id": number, "region": region, "valid": succeeds}
        # Raises UnroutableError or NackError unless the broker has taken the order.
        channel.basic_publish(
            "orders",
            f"order.{region}.created",
            json.dumps(order).encode(),
            pika.BasicProperties(
                delivery_mode=2,
                content_type="application/json",
                priority=priority,
                headers={"source": "web", "attempt": 1},
            ),
            mandatory=True,
        )
        print(f"published order {number} to order.{region}.created priority={priority}")


def process_orders(channel):
    """Consumes until every order of this run was seen once. Returns (processed, failed) numbers."""
    processed, failed = [], []
    channel.basic_qos(prefetch_count=10)

    def on_order(ch, method, properties, body):
        order = json.loads(body)
        ours = order.get("run") == RUN
        try:
            fulfil(order)
        except ValueError as error:
            ch.basic_nack(method.delivery_tag, requeue=False)
            if ours:
                failed.append(order["id"])
                print(f"failed order {order['id']} priority={properties.priority}: {error}")
        else:
            ch.basic_ack(method.delivery_tag)
            if ours:
                processed.append(order["id"])
                print(f"processed order {order['id']} priority={properties.priority}")
        if len(processed) + len(failed) == len(ORDERS):
            ch.stop_consuming()

    channel.basic_consume("order_processing", on_order)
    channel.connection.call_later(PATIENCE_S, channel.stop_consuming)
    channel.start_consuming()
    return processed, failed


def fulfil(order):
    if not order["valid"]:
        raise ValueError("payment was declined")


def collect_dead_letters(channel, failed):
    """Empties failed_orders. Returns the dead letters of this run by order number."""
    dead = {}
    for method, properties, body in channel.consume("failed_orders", inactivity_timeout=PATIENCE_S):
        if method is None:
            break
        channel.basic_ack(method.delivery_tag)
        order = json.loads(body)
        if order["run"] != RUN:
            continue
        death = properties.headers["x-death"][0]
        dead[order["id"]] = (method, properties, death)
        print(
            f"dead letter order {order['id']} reason={death['reason']} queue={death['queue']}"
            f" exchange={death['exchange']} routing-keys={','.join(death['routing-keys'])}"
            f" count={death['count']}"
        )
        if len(dead) == len(failed):
            break
    channel.cancel()
    return dead


def verdict(processed, failed, dead):
    """Compares what happened with what should have. Returns the exit code."""
    priorities = {number: priority for number, _, priority, _ in ORDERS}
    regions = {number: region for number, region, _, _ in ORDERS}
    wrong = []
    if sorted(processed) != [number for number, _, _, succeeds in ORDERS if succeeds]:
        wrong.append(f"processed {processed}")
    if sorted(failed) != [number for number, _, _, succeeds in ORDERS if not succeeds]:
        wrong.append(f"failed {failed}")
    if sorted(dead) != sorted(failed):
        wrong.append(f"dead letters of {sorted(dead)}")
    for number, (method, properties, death) in dead.items():
        expected = {
            "count": 1,
            "reason": "rejected",
            "queue": "order_processing",
            "exchange": "orders",
            "routing-keys": [f"order.{regions[number]}.created"],
        }
        found = {key: value for key, value in death.items() if key != "time"}
        if found != expected:
            wrong.append(f"x-death of order {number} is {death}")
        if death["time"] is None or len(properties.headers["x-death"]) != 1:
            wrong.append(f"x-death of order {number} is {properties.headers['x-death']}")
        if method.exchange != "orders_dlx" or properties.headers["source"] != "web":
            wrong.append(f"order {number} came back through {method.exchange} as {properties}")
        if properties.priority != priorities[number] or properties.delivery_mode != 2:
            wrong.append(f"order {number} lost its properties: {properties}")
    for reason in wrong:
        print(f"WRONG: {reason}", file=sys.stderr)
    print("all orders accounted for" if not wrong else "some orders went astray")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
