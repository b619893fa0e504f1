"""pika asks and answers by direct reply-to, without a queue for the answers."""

import pika
from harness import case, equal, main, refused, wait_for

REPLY_TO = "amq.rabbitmq.reply-to"


def answer_everything(fixture):
    """A responder in upper case. Returns (channel, queue, addresses that asked)."""
    channel = fixture.channel()
    queue = fixture.queue(channel)
    addresses = []

    def on_request(_, method, properties, body):
        addresses.append(properties.reply_to)
        channel.basic_publish(
            "",
            properties.reply_to,
            body.upper(),
            pika.BasicProperties(correlation_id=properties.correlation_id),
        )
        channel.basic_ack(method.delivery_tag)

    channel.basic_consume(queue, on_request)
    return channel, queue, addresses


@case("Requests are answered without a queue.")
def requests(fixture):
    responder, queue, addresses = answer_everything(fixture)
    requester = fixture.channel()
    answers = []

    def on_answer(_, method, properties, body):
        answers.append((properties.correlation_id, body.decode()))

    requester.basic_consume(REPLY_TO, on_answer, auto_ack=True)
    for number in range(3):
        properties = pika.BasicProperties(reply_to=REPLY_TO, correlation_id=str(number))
        requester.basic_publish("", queue, f"question {number}", properties)
    wait_for(responder.connection, lambda: len(addresses) == 3)
    wait_for(requester.connection, lambda: len(answers) == 3)
    equal(answers, [(str(number), f"QUESTION {number}") for number in range(3)])
    found = responder.queue_declare(addresses[0], passive=True).method
    equal((found.message_count, found.consumer_count), (0, 1))


@case("A second reply consumer on the channel is refused.")
def second(fixture):
    channel = fixture.channel()
    channel.basic_consume(REPLY_TO, lambda *_: None, auto_ack=True)
    with refused(406, "PRECONDITION_FAILED - reply consumer already set"):
        channel.basic_consume(REPLY_TO, lambda *_: None, auto_ack=True)


main()
