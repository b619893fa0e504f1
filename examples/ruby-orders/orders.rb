# frozen_string_literal: true

# Orders that may fail: a topic exchange, a queue with priorities, and a place where failed orders
# wait with the story of their failure. Plain bunny, nothing of Warren.
#
#     AMQP_URL=amqp://guest:guest@localhost:5672 ruby orders.rb
#
# Exits with 0 when every order went where it should, with 1 otherwise.

require 'bunny'
require 'json'
require 'securerandom'

PATIENCE_S = 20
RUN = SecureRandom.hex(4)

# number, region, priority, does processing succeed?
ORDERS = [
  [1, 'eu', 1, true], [2, 'us', 5, true], [3, 'eu', 9, false],
  [4, 'asia', 5, true], [5, 'us', 10, true], [6, 'eu', 3, false]
].freeze

# Takes from the queue until `count` orders of this run were seen.
def collect(queue, count)
  seen = Queue.new
  consumer = queue.subscribe(manual_ack: true) do |info, properties, body|
    order = JSON.parse(body)
    yield order, info, properties
    seen << order if order['run'] == RUN
  end
  deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + PATIENCE_S
  sleep 0.02 until seen.size == count || Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
  consumer.cancel
  Array.new(seen.size) { seen.pop }
end

connection = Bunny.new(ENV.fetch('AMQP_URL', 'amqp://guest:guest@localhost:5672')).start
channel = connection.create_channel
channel.prefetch(10)

orders = channel.topic('orders', durable: true)
graveyard = channel.topic('orders_dlx', durable: true)
processing = channel.queue(
  'order_processing',
  durable: true,
  arguments: {
    'x-message-ttl' => 86_400_000,
    'x-dead-letter-exchange' => 'orders_dlx',
    'x-max-priority' => 10
  }
)
processing.bind(orders, routing_key: 'order.*.created')
failures = channel.queue('failed_orders', durable: true).bind(graveyard, routing_key: '#')
puts 'declared orders -> order_processing -> orders_dlx -> failed_orders'

channel.confirm_select
ORDERS.each do |number, region, priority, valid|
  key = "order.#{region}.created"
  body = JSON.generate(run: RUN, id: number, valid: valid)
  orders.publish(body, routing_key: key, persistent: true, priority: priority, mandatory: true)
  puts "published order #{number} to #{key} priority=#{priority}"
end
raise 'the broker has not taken every order' unless channel.wait_for_confirms

handled = collect(processing, ORDERS.size) do |order, info, properties|
  order['valid'] ? channel.ack(info.delivery_tag) : channel.reject(info.delivery_tag)
  word = order['valid'] ? 'processed' : 'failed'
  puts "#{word} order #{order['id']} priority=#{properties.priority}" if order['run'] == RUN
end
processed, failed = handled.partition { |order| order['valid'] }

dead = collect(failures, failed.size) do |order, info, properties|
  channel.ack(info.delivery_tag)
  next unless order['run'] == RUN

  death = properties.headers['x-death'].first
  puts "dead letter order #{order['id']} reason=#{death['reason']} queue=#{death['queue']} " \
       "exchange=#{death['exchange']} routing-keys=#{death['routing-keys'].join(',')} " \
       "count=#{death['count']}"
end
connection.close

numbers = ->(list) { list.map { |order| order['id'] }.sort }
right = numbers[processed] == [1, 2, 4, 5] && numbers[dead] == [3, 6]
puts right ? 'all orders accounted for' : 'some orders went astray'
exit(right ? 0 : 1)
