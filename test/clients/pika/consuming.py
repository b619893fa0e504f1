"""pika consumes: deliveries, prefetch, acknowledgements, recovery, priorities, cancellation."""

from harness import (
    bodies,
    case,
    drain,
    equal,
    eventually,
    main,
    ready,
    refused,
    send,
    settled,
    take,
    wait_for,
)


@case("Deliveries carry tags from 1, their exchange, their key and their consumer.")
def deliveries(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    channel.queue_bind(queue, "amq.direct", queue)
    send(channel, queue, "a")
    channel.basic_publish("amq.direct", queue, "b")
    messages, tag = take(channel, 2, queue)
    equal(
        [
            (method.consumer_tag, method.delivery_tag, method.redelivered, method.exchange)
            for method, _, _ in messages
        ],
        [(tag, 1, False, ""), (tag, 2, False, "amq.direct")],
    )
    equal(bodies(messages), ["a", "b"])


@case("A generator consumer takes what it wants and gives the rest back.")
def generator(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    send(channel, queue, "1", "2", "3", "4")
    seen = []
    for method, _, body in channel.consume(queue, inactivity_timeout=10):
        seen.append(body.decode())
        channel.basic_ack(method.delivery_tag)
        if len(seen) == 2:
            break
    channel.cancel()
    equal(seen, ["1", "2"])
    eventually(lambda: ready(channel, queue), 2)
    equal(bodies(drain(channel, queue)), ["3", "4"])


@case("Get counts what is left, and an empty queue gives nothing.")
def get(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    send(channel, queue, "a", "b")
    first, _, _ = channel.basic_get(queue)
    second, _, _ = channel.basic_get(queue)
    equal((first.delivery_tag, first.message_count), (1, 1))
    equal((second.delivery_tag, second.message_count), (2, 0))
    equal(channel.basic_get(queue), (None, None, None))


@case("Prefetch limits a consumer until it acknowledges.")
def prefetch(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    send(channel, queue, "1", "2", "3", "4", "5")
    channel.basic_qos(prefetch_count=2)
    messages, _ = take(channel, 2, queue)
    settled(channel, queue)
    equal(len(messages), 2)
    channel.basic_ack(messages[1][0].delivery_tag, multiple=True)
    wait_for(channel.connection, lambda: len(messages) == 4)
    settled(channel, queue)
    equal(bodies(messages), ["1", "2", "3", "4"])


@case("A global prefetch is shared by the consumers of a channel and can be changed.")
def global_prefetch(fixture):
    channel = fixture.channel()
    one, two = fixture.queue(channel), fixture.queue(channel)
    send(channel, one, "1", "2", "3")
    send(channel, two, "4", "5", "6")
    channel.basic_qos(prefetch_count=2, global_qos=True)
    messages, _ = take(channel, 2, one)
    more, _ = take(channel, 0, two)
    settled(channel, one)
    settled(channel, two)
    equal(len(messages) + len(more), 2)
    channel.basic_qos(prefetch_count=4, global_qos=True)
    wait_for(channel.connection, lambda: len(messages) + len(more) == 4)
    settled(channel, one)
    settled(channel, two)
    equal(len(messages) + len(more), 4)


@case("Requeued messages return to their places and are marked redelivered.")
def requeue(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    send(channel, queue, "1", "2", "3", "4")
    tags = [channel.basic_get(queue)[0].delivery_tag for _ in range(3)]
    channel.basic_reject(tags[2], requeue=True)
    channel.basic_nack(tags[0], requeue=True)
    equal(channel.basic_get(queue)[2], b"1")
    channel.basic_nack(tags[1], requeue=True)
    left = drain(channel, queue)
    equal(bodies(left), ["2", "3", "4"])
    equal([method.redelivered for method, _, _ in left], [True, True, False])


@case("Recover delivers everything unacknowledged again.")
def recover(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    send(channel, queue, "1", "2")
    messages, _ = take(channel, 2, queue)
    channel.basic_recover(requeue=True)
    wait_for(channel.connection, lambda: len(messages) == 4)
    equal(bodies(messages), ["1", "2", "1", "2"])
    equal([method.redelivered for method, _, _ in messages], [False, False, True, True])
    equal([method.delivery_tag for method, _, _ in messages], [1, 2, 3, 4])


@case("Recover without requeue closes the connection with 540.")
def recover_without_requeue(fixture):
    channel = fixture.channel()
    with refused(540, "NOT_IMPLEMENTED - requeue=false"):
        channel.basic_recover(requeue=False)


@case("A prefetch size closes the connection with 540.")
def prefetch_size(fixture):
    channel = fixture.channel()
    with refused(540, "NOT_IMPLEMENTED - prefetch_size!=0 (1)"):
        channel.basic_qos(prefetch_size=1)


@case("An unknown tag is refused with 406.")
def unknown_tag(fixture):
    channel = fixture.channel()
    channel.basic_ack(42)
    with refused(406, "PRECONDITION_FAILED - unknown delivery tag 42"):
        channel.basic_qos(prefetch_count=1)


@case("Tag 0 with multiple means everything, and is fine when there is nothing.")
def tag_zero(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    channel.basic_ack(0, multiple=True)
    channel.basic_nack(0, multiple=True, requeue=True)
    send(channel, queue, "1", "2")
    take(channel, 2, queue)
    channel.basic_ack(0, multiple=True)
    channel.close()
    equal(drain(fixture.channel(), queue), [])


@case("A consumer tag can be chosen, is unique on its channel and free again after a cancel.")
def consumer_tags(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    equal(channel.basic_consume(queue, lambda *_: None, consumer_tag="mine"), "mine")
    channel.basic_cancel("mine")
    equal(channel.basic_consume(queue, lambda *_: None, consumer_tag="mine"), "mine")


@case("An exclusive consumer is refused where there is another with 403.")
def exclusive_consumer(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    channel.basic_consume(queue, lambda *_: None, exclusive=True)
    with refused(403, f"ACCESS_REFUSED - queue '{queue}' in vhost '/' in exclusive use"):
        fixture.channel().basic_consume(queue, lambda *_: None)


@case("The consumer is told when its queue is deleted.")
def cancel_notify(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    cancelled = []
    channel.add_on_cancel_callback(lambda frame: cancelled.append(frame.method.consumer_tag))
    _, tag = take(channel, 0, queue)
    fixture.channel().queue_delete(queue)
    wait_for(channel.connection, lambda: cancelled == [tag])
    equal(channel.is_open, True)


@case("Consumers with a higher priority are served first.")
def consumer_priority(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    low, _ = take(channel, 0, queue, arguments={"x-priority": -5})
    high, _ = take(channel, 0, queue, arguments={"x-priority": 5})
    send(channel, queue, "1", "2", "3")
    wait_for(channel.connection, lambda: len(high) == 3)
    equal(low, [])


@case("A single active consumer is followed by the next in line.")
def single_active_consumer(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel, arguments={"x-single-active-consumer": True})
    first, tag = take(channel, 0, queue)
    second, _ = take(channel, 0, queue)
    send(channel, queue, "1", "2")
    wait_for(channel.connection, lambda: len(first) == 2)
    channel.basic_cancel(tag)
    send(channel, queue, "3")
    wait_for(channel.connection, lambda: len(second) == 1)
    equal((bodies(first), bodies(second)), (["1", "2"], ["3"]))


@case("Higher message priorities overtake lower ones.")
def priorities(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel, arguments={"x-max-priority": 10})
    for priority in (0, 5, 10, 11, 5, None):
        send(channel, queue, str(priority), priority=priority)
    equal(bodies(drain(channel, queue)), ["10", "11", "5", "5", "0", "None"])


@case("A message that nobody takes in time is gone.")
def ttl(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel, arguments={"x-message-ttl": 30})
    own = fixture.queue(channel)
    send(channel, queue, "a")
    send(channel, own, "b", expiration="30")
    eventually(lambda: ready(channel, queue), 0)
    eventually(lambda: ready(channel, own), 0)


@case("Only the head of a queue expires: what is behind a longer-lived message waits.")
def ttl_head(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel)
    witness = fixture.queue(channel)
    send(channel, queue, "long", expiration="600000")
    send(channel, queue, "short", expiration="1")
    send(channel, witness, "x", expiration="100")
    eventually(lambda: ready(channel, witness), 0)
    equal(channel.basic_get(queue, auto_ack=True)[2], b"long")
    equal(channel.basic_get(queue, auto_ack=True), (None, None, None))


@case("A full queue drops its oldest messages.")
def max_length(fixture):
    channel = fixture.channel()
    queue = fixture.queue(channel, arguments={"x-max-length": 2})
    send(channel, queue, "1", "2", "3")
    equal(bodies(drain(channel, queue)), ["2", "3"])


main()
