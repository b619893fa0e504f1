"""A Celery worker in a process of its own against the broker at AMQP_URL, and what an application
does with it: results by rpc://, retries, ETA, priorities, acks late, revoking, limits, control.

Prints one JSON line a case, as test/clients/pika/harness.py does."""

import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

os.environ.setdefault("CELERY_TEST_NAME", f"celery-{uuid.uuid4().hex[:12]}")

from celery import group  # noqa: E402
from celery.exceptions import TaskRevokedError, TimeLimitExceeded  # noqa: E402
from tasks import NAME, add, app, fail, flaky, fragile, sleep  # noqa: E402

#: How long to wait for what must come.
PATIENCE_S = 40

#: Waits for other workers, of which there are none.
QUICK = ["--without-gossip", "--without-mingle"]

#: One worker answers.
ASK = {"reply": True, "limit": 1, "timeout": PATIENCE_S}

CASES = []


def case(title):
    def register(function):
        CASES.append((title, function))
        return function

    return register


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def get(result):
    return result.get(timeout=PATIENCE_S)


def eventually(question):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = question()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError("what should have come did not")
        time.sleep(0.05)


@case("Results come back by rpc, many at a time.")
def results():
    equal(get(group(add.s(n, n) for n in range(20))()), [2 * n for n in range(20)])


@case("An exception of a task is raised where its result is asked for.")
def exceptions():
    result = fail.delay("no such luck")
    try:
        get(result)
    except ValueError as error:
        equal(str(error), "no such luck")
    else:
        raise AssertionError("nothing was raised")


@case("A task that asks for a retry gets it.")
def retries():
    equal(get(flaky.delay(3)), 3)


@case("A task with a countdown waits, and others do not wait for it.")
def countdown():
    start = time.time()
    late = sleep.apply_async((0,), countdown=1.5)
    equal(get(add.delay(1, 1)), 2)
    if get(late) < start + 1.5:
        raise AssertionError("it ran too early")


@case("The more urgent task runs first.")
def priorities():
    blocker = sleep.delay(1)
    time.sleep(0.3)
    done = {}
    sent = {p: sleep.apply_async((0.05,), priority=p) for p in (1, 9, 5)}
    for priority, result in sent.items():
        done[priority] = get(result)
    get(blocker)
    # One may have been fetched before the more urgent ones were there.
    if not done[9] < done[5]:
        raise AssertionError(f"in the wrong order: {done}")


@case("A task that is acknowledged late survives the death of its process.")
def late_acknowledgement():
    with tempfile.TemporaryDirectory() as folder:
        equal(get(fragile.delay(os.path.join(folder, "died"))), True)


@case("A revoked task does not run.")
def revoking():
    result = add.apply_async((1, 1), countdown=2)
    app.control.revoke(result.id)
    try:
        get(result)
    except TaskRevokedError:
        return
    raise AssertionError("it ran")


@case("A task that takes too long is stopped.")
def time_limit():
    result = sleep.apply_async((30,), time_limit=1)
    try:
        get(result)
    except TimeLimitExceeded:
        return
    raise AssertionError("it was not stopped")


@case("The worker answers to remote control, changes its pool and its queues.")
def control():
    inspect = app.control.inspect(timeout=PATIENCE_S, limit=1)
    (name,) = eventually(inspect.ping)
    (queues,) = inspect.active_queues().values()
    equal([queue["name"] for queue in queues], [NAME])
    # Both change the prefetch count while consumers are running.
    app.control.pool_grow(1, destination=[name], **ASK)
    app.control.pool_shrink(1, destination=[name], **ASK)
    other = f"{NAME}-other"
    app.control.add_consumer(other, destination=[name], **ASK)
    equal(get(add.apply_async((2, 2), queue=other)), 4)
    app.control.cancel_consumer(other, destination=[name], **ASK)
    equal(get(add.delay(3, 3)), 6)


@case("Whoever listens hears of every task.")
def events():
    seen = []
    with app.connection_for_read() as connection:
        handlers = {"task-received": seen.append, "task-succeeded": seen.append}
        receiver = app.events.Receiver(connection, handlers=handlers)
        consumer = receiver.itercapture(limit=None, timeout=PATIENCE_S, wakeup=True)
        next(consumer)
        result = add.delay(4, 4)
        eventually_types = {"task-received", "task-succeeded"}
        for _ in consumer:
            if {e["type"] for e in seen if e["uuid"] == result.id} == eventually_types:
                break
    equal(get(result), 8)


def main():
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-c", "1", "-E", *QUICK]
    worker = subprocess.Popen(
        [*command, "--loglevel=WARNING", "-n", f"{NAME}@here"],
        cwd=os.path.dirname(os.path.abspath(__file__)),
        stdout=sys.stderr,
        stderr=sys.stderr,
    )
    try:
        for title, function in CASES:
            error = None
            try:
                function()
            except BaseException:  # whatever it was, it belongs in the report
                error = traceback.format_exc()
            print(json.dumps({"title": title, "error": error}), flush=True)
    finally:
        worker.terminate()
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            worker.kill()
    print(json.dumps({"title": "worker", "code": worker.returncode}), file=sys.stderr)


main()
