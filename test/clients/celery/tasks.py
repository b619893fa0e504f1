"""The tasks that the worker under test runs. Names of queues come from the environment."""

import os
import signal
import time

from celery import Celery
from kombu import Queue

NAME = os.environ["CELERY_TEST_NAME"]

app = Celery("tasks", broker=os.environ["AMQP_URL"], backend="rpc://")
app.conf.update(
    task_default_queue=NAME,
    task_queues=[Queue(NAME, routing_key=NAME, queue_arguments={"x-max-priority": 10})],
    task_default_exchange=NAME,
    task_default_routing_key=NAME,
    worker_prefetch_multiplier=1,
    worker_send_task_events=True,
    task_reject_on_worker_lost=True,
    broker_connection_retry_on_startup=True,
    result_expires=60,
)


@app.task
def add(a, b):
    return a + b


@app.task(bind=True, max_retries=5)
def flaky(self, failures):
    if self.request.retries < failures:
        raise self.retry(countdown=0)
    return self.request.retries


@app.task
def sleep(seconds):
    time.sleep(seconds)
    return time.time()


@app.task(bind=True, acks_late=True)
def fragile(self, marker):
    """Dies with its process the first time, as of an out-of-memory killer."""
    if not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return self.request.delivery_info["redelivered"]


@app.task
def fail(text):
    raise ValueError(text)
