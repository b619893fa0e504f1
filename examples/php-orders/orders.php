<?php
// Orders that may fail: a topic exchange, a queue with priorities, and a place where failed orders
// wait with the story of their failure. Plain php-amqplib, nothing of Warren.
//
//     AMQP_URL=amqp://guest:guest@localhost:5672 php orders.php
//
// Exits with 0 when every order went where it should, with 1 otherwise.

use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;

// With Composer: vendor/autoload.php; Debian's php-amqplib has its own.
$autoload = __DIR__ . '/vendor/autoload.php';
require_once file_exists($autoload) ? $autoload : 'PhpAmqpLib/autoload.php';

const PATIENCE_S = 20;
const DAY_MS = 86400000;

// number, region, priority, does processing succeed?
const ORDERS = [
    [1, 'eu', 1, true], [2, 'us', 5, true], [3, 'eu', 9, false],
    [4, 'asia', 5, true], [5, 'us', 10, true], [6, 'eu', 3, false],
];

$run = bin2hex(random_bytes(4));
$url = parse_url(getenv('AMQP_URL') ?: 'amqp://guest:guest@localhost:5672');
$connection = new AMQPStreamConnection($url['host'], $url['port'] ?? 5672, $url['user'], $url['pass']);
$channel = $connection->channel();

$channel->exchange_declare('orders', 'topic', false, true, false);
$channel->exchange_declare('orders_dlx', 'topic', false, true, false);
$channel->queue_declare('order_processing', false, true, false, false, false, new AMQPTable([
    'x-message-ttl' => DAY_MS,
    'x-dead-letter-exchange' => 'orders_dlx',
    'x-max-priority' => 10,
]));
$channel->queue_bind('order_processing', 'orders', 'order.*.created');
$channel->queue_declare('failed_orders', false, true, false, false);
$channel->queue_bind('failed_orders', 'orders_dlx', '#');
echo "declared orders -> order_processing -> orders_dlx -> failed_orders\n";

$channel->confirm_select();
foreach (ORDERS as [$number, $region, $priority, $valid]) {
    $body = json_encode(['run' => $run, 'id' => $number, 'valid' => $valid]);
    $properties = ['delivery_mode' => 2, 'content_type' => 'application/json', 'priority' => $priority];
    $channel->basic_publish(new AMQPMessage($body, $properties), 'orders', "order.$region.created", true);
    echo "published order $number to order.$region.created priority=$priority\n";
}
// Throws unless the broker has taken every order.
$channel->wait_for_pending_acks_returns(PATIENCE_S);

$processed = [];
$failed = [];
$channel->basic_qos(0, 10, false);
$tag = $channel->basic_consume('order_processing', '', false, false, false, false,
    function (AMQPMessage $message) use ($run, &$processed, &$failed) {
        $order = json_decode($message->getBody(), true);
        $order['valid'] ? $message->ack() : $message->nack(false);
        if ($order['run'] !== $run) {
            return;
        }
        $order['valid'] ? $processed[] = $order['id'] : $failed[] = $order['id'];
        $word = $order['valid'] ? 'processed' : 'failed';
        echo "$word order {$order['id']} priority={$message->get('priority')}\n";
    });
while (count($processed) + count($failed) < count(ORDERS)) {
    $channel->wait(null, false, PATIENCE_S);
}
$channel->basic_cancel($tag);

$dead = [];
$channel->basic_consume('failed_orders', '', false, true, false, false,
    function (AMQPMessage $message) use ($run, &$dead) {
        $order = json_decode($message->getBody(), true);
        if ($order['run'] !== $run) {
            return;
        }
        $dead[] = $order['id'];
        $death = $message->get('application_headers')->getNativeData()['x-death'][0];
        $keys = implode(',', $death['routing-keys']);
        echo "dead letter order {$order['id']} reason={$death['reason']} queue={$death['queue']}",
            " exchange={$death['exchange']} routing-keys=$keys count={$death['count']}\n";
    });
while (count($dead) < count($failed)) {
    $channel->wait(null, false, PATIENCE_S);
}
$connection->close();

sort($processed);
sort($dead);
$right = $processed === [1, 2, 4, 5] && $dead === [3, 6];
echo $right ? "all orders accounted for\n" : "some orders went astray\n";
exit($right ? 0 : 1);
