#!/usr/bin/env python3
"""Orders that may fail, as Celery tasks: a queue with priorities, a worker that retries what may
still go well and gives up what will not, and a place where failed orders wait.

Plain Celery, nothing of Warren. The worker is started from here, as `celery worker` would be.

    AMQP_URL=amqp://guest:guest@localhost:5672 python3 orders.py

Exits with 0 when every order went where it should, with 1 otherwise.
"""

import os
import subprocess
import sys
import uuid

from celery import Celery
from celery.exceptions import Reject
from kombu import Exchange, Queue

URL = os.environ.get("AMQP_URL", "amqp://guest:guest@localhost:5672")
PATIENCE_S = 60

#: number, region, priority, how often processing fails before it succeeds; None: always
ORDERS = [
    (1, "eu", 1, 0),
    (2, "us", 5, 0),
    (3, "eu", 9, None),
    (4, "asia", 5, 2),
    (5, "us", 9, 0),
    (6, "eu", 3, None),
]

graveyard = Exchange("celery_orders_dlx", "topic")
app = Celery("orders", broker=URL, backend="rpc://")
app.conf.update(
    task_default_queue="order_tasks",
    task_queues=[
        Queue(
            "order_tasks",
            Exchange("celery_orders", "topic"),
            routing_key="order.#",
            queue_arguments={"x-max-priority": 10, "x-dead-letter-exchange": "celery_orders_dlx"},
        )
    ],
    task_acks_late=True,
    worker_prefetch_multiplier=1,
)


@app.task(bind=True, name="orders.fulfil", max_retries=3)
def fulfil(self, number, failures):
    if failures is None:
        # Not acknowledged but rejected: the broker moves it to celery_orders_dlx.
        raise Reject("payment was declined", requeue=False)
    if self.request.retries < failures:
        raise self.retry(countdown=0.1)
    return f"processed order {number} after {self.request.retries} retries"


def main():
    failed = Queue(f"failed_order_tasks-{uuid.uuid4().hex[:8]}", graveyard, routing_key="#")
    with app.connection_for_write() as connection, subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "orders", "worker", "-c", "2", "-l", "CRITICAL"],
        cwd=os.path.dirname(os.path.abspath(__file__)),
    ) as worker:
        try:
            return run(connection, failed(connection.default_channel))
        finally:
            failed(connection.default_channel).delete()
            worker.terminate()


def run(connection, failed):
    failed.declare()
    results = {}
    for number, region, priority, failures in ORDERS:
        key = f"order.{region}.created"
        options = {"exchange": "celery_orders", "routing_key": key, "priority": priority}
        results[number] = fulfil.apply_async((number, failures), **options)
        print(f"published order {number} to {key} priority={priority}", flush=True)
    good = [number for number, _, _, failures in ORDERS if failures is not None]
    for number in good:
        print(results[number].get(timeout=PATIENCE_S), flush=True)
    bad = {results[number].id: number for number in results if number not in good}
    dead = []
    with connection.Consumer(failed, no_ack=True) as consumer:
        consumer.on_message = lambda message: dead.append(message)
        while sum(message.headers["id"] in bad for message in dead) < len(bad):
            connection.drain_events(timeout=PATIENCE_S)
    for message in dead:
        death = message.headers["x-death"][0]
        number = bad.get(message.headers["id"])
        print(f"dead letter order {number} reason={death['reason']} queue={death['queue']}")
    print("all orders accounted for", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
