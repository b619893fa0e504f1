<?php
// php-amqplib against the broker at AMQP_URL: one JSON line a case. The source of titles for
// ../php.test.ts.

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPProtocolChannelException;
use PhpAmqpLib\Exchange\AMQPExchangeType;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

require_once '/usr/share/php/PhpAmqpLib/autoload.php';

const PATIENCE_S = 20;

$cases = [];

function test_case(string $title, callable $run): void
{
    global $cases;
    $cases[$title] = $run;
}

function equal($found, $expected): void
{
    if ($found !== $expected) {
        throw new Exception('found ' . json_encode($found) . ', expected ' . json_encode($expected));
    }
}

function connect(): AMQPStreamConnection
{
    $url = parse_url(getenv('AMQP_URL'));
    return new AMQPStreamConnection($url['host'], $url['port'], $url['user'], $url['pass']);
}

function name(string $word): string
{
    return "php-$word-" . bin2hex(random_bytes(4));
}

test_case('Messages go through with their properties and headers.', function ($connection) {
    $channel = $connection->channel();
    [$queue] = $channel->queue_declare('', false, false, true);
    $properties = ['content_type' => 'text/plain', 'delivery_mode' => 2, 'priority' => 3,
        'message_id' => 'm', 'application_headers' => new AMQPTable(['a' => [1, 'b' => true]])];
    $channel->basic_publish(new AMQPMessage('hello', $properties), '', $queue);
    $message = $channel->basic_get($queue);
    equal($message->getBody(), 'hello');
    equal($message->get('message_id'), 'm');
    equal($message->get('priority'), 3);
    equal($message->get('application_headers')->getNativeData(), ['a' => [0 => 1, 'b' => true]]);
    $message->ack();
});

test_case('A consumer works through a queue with a prefetch of one.', function ($connection) {
    $channel = $connection->channel();
    [$queue] = $channel->queue_declare('', false, false, true);
    $channel->basic_qos(0, 1, false);
    for ($i = 1; $i <= 5; $i++) {
        $channel->basic_publish(new AMQPMessage("task $i"), '', $queue);
    }
    $seen = [];
    $channel->basic_consume($queue, '', false, false, false, false, function ($message) use (&$seen) {
        $seen[] = $message->getBody();
        $message->ack();
    });
    while (count($seen) < 5) {
        $channel->wait(null, false, PATIENCE_S);
    }
    equal($seen, ['task 1', 'task 2', 'task 3', 'task 4', 'task 5']);
});

test_case('Confirms come, and a message that reaches nobody comes back first.', function ($connection) {
    $channel = $connection->channel();
    $events = [];
    $channel->set_ack_handler(function ($message) use (&$events) {
        $events[] = 'ack ' . $message->getBody();
    });
    $channel->set_return_listener(function ($code, $text, $exchange, $key, $message) use (&$events) {
        $events[] = "$code $text " . $message->getBody();
    });
    $channel->confirm_select();
    [$queue] = $channel->queue_declare('', false, false, true);
    $channel->basic_publish(new AMQPMessage('one'), '', $queue);
    $channel->wait_for_pending_acks_returns(PATIENCE_S);
    $channel->basic_publish(new AMQPMessage('two'), '', name('nowhere'), true);
    $channel->wait_for_pending_acks_returns(PATIENCE_S);
    equal($events, ['ack one', '312 NO_ROUTE two', 'ack two']);
});

test_case('A batch is published at once.', function ($connection) {
    $channel = $connection->channel();
    $exchange = name('exchange');
    $channel->exchange_declare($exchange, AMQPExchangeType::TOPIC, false, false, true);
    [$queue] = $channel->queue_declare('', false, false, true);
    $channel->queue_bind($queue, $exchange, 'log.#');
    foreach (['log.a', 'other', 'log.b.c'] as $key) {
        $channel->batch_basic_publish(new AMQPMessage($key), $exchange, $key);
    }
    $channel->publish_batch();
    $channel->confirm_select();
    [, $count] = $channel->queue_declare($queue, true);
    equal($count, 2);
});

test_case('Dead letters tell their story.', function ($connection) {
    $channel = $connection->channel();
    $channel->confirm_select();
    [$dead] = $channel->queue_declare('', false, false, true);
    $arguments = new AMQPTable(['x-dead-letter-exchange' => '', 'x-dead-letter-routing-key' => $dead]);
    [$queue] = $channel->queue_declare('', false, false, true, true, false, $arguments);
    $channel->basic_publish(new AMQPMessage('bad'), '', $queue);
    $channel->wait_for_pending_acks(PATIENCE_S);
    $channel->basic_get($queue)->reject(false);
    $message = null;
    for ($i = 0; $i < 200 && $message === null; $i++) {
        $message = $channel->basic_get($dead, true);
    }
    $death = $message->get('application_headers')->getNativeData()['x-death'][0];
    equal([$death['count'], $death['reason'], $death['queue']], [1, 'rejected', $queue]);
});

test_case('A refusal closes the channel and says why.', function ($connection) {
    $channel = $connection->channel();
    $queue = name('nowhere');
    try {
        $channel->queue_declare($queue, true);
    } catch (AMQPProtocolChannelException $error) {
        equal($error->amqp_reply_code, 404);
        equal($error->amqp_reply_text, "NOT_FOUND - no queue '$queue' in vhost '/'");
        equal($connection->channel()->is_open(), true);
        return;
    }
    throw new Exception('not refused');
});

test_case('A transaction is committed or rolled back.', function ($connection) {
    $channel = $connection->channel();
    [$queue] = $channel->queue_declare('', false, false, true);
    $channel->tx_select();
    $channel->basic_publish(new AMQPMessage('kept'), '', $queue);
    $channel->tx_commit();
    $channel->basic_publish(new AMQPMessage('dropped'), '', $queue);
    $channel->tx_rollback();
    [, $count] = $channel->queue_declare($queue, true);
    equal($count, 1);
});

foreach ($cases as $title => $run) {
    $error = null;
    try {
        $connection = connect();
        $run($connection);
        $connection->close();
    } catch (Throwable $thrown) {
        $error = (string) $thrown;
    }
    echo json_encode(['title' => $title, 'error' => $error], JSON_UNESCAPED_SLASHES), "\n";
}
