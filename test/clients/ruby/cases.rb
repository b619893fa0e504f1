# frozen_string_literal: true

# bunny against the broker at AMQP_URL: one JSON line a case. The source of titles for
# ../ruby.test.ts.

require 'bunny'
require 'json'
require 'securerandom'

PATIENCE_S = 20
CASES = {} # rubocop:disable Style/MutableConstant

def test_case(title, &run)
  CASES[title] = run
end

def equal(found, expected)
  raise "found #{found.inspect}, expected #{expected.inspect}" unless found == expected
end

def eventually
  deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + PATIENCE_S
  until (found = yield)
    raise 'what should have come did not' if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

    sleep 0.02
  end
  found
end

def name(word)
  "ruby-#{word}-#{SecureRandom.hex(4)}"
end

test_case 'Messages go through with their properties and headers.' do |connection|
  channel = connection.create_channel
  queue = channel.queue('', exclusive: true)
  queue.publish('hello', type: 't', message_id: 'm', priority: 3, headers: { 'a' => [1, { 'b' => true }] })
  _, properties, body = eventually { message = queue.pop and message.first && message }
  equal [body, properties.type, properties.message_id, properties.priority], ['hello', 't', 'm', 3]
  equal properties.headers, { 'a' => [1, { 'b' => true }] }
end

test_case 'A consumer acknowledges by hand, with a prefetch.' do |connection|
  channel = connection.create_channel
  channel.prefetch(2)
  queue = channel.queue('', exclusive: true)
  seen = Queue.new
  queue.subscribe(manual_ack: true) { |info, _, body| seen << [info.delivery_tag, body] }
  5.times { |i| queue.publish("task #{i}") }
  first = eventually { seen.size == 2 && [seen.pop, seen.pop] }
  sleep 0.1
  equal seen.size, 0
  channel.ack(first.last[0], true)
  equal eventually { seen.size == 2 && [seen.pop, seen.pop] }.map(&:last), ['task 2', 'task 3']
end

test_case 'Confirms come, and what reaches nobody comes back.' do |connection|
  channel = connection.create_channel
  channel.confirm_select
  exchange = channel.fanout(name('fanout'), auto_delete: true)
  returned = Queue.new
  exchange.on_return { |info, _, body| returned << [info.reply_code, info.reply_text, body] }
  exchange.publish('lost', mandatory: true)
  equal channel.wait_for_confirms, true
  equal eventually { returned.size == 1 && returned.pop }, [312, 'NO_ROUTE', 'lost']
  exchange.delete
end

test_case 'A refusal closes the channel and says why.' do |connection|
  channel = connection.create_channel
  queue = name('nowhere')
  begin
    channel.queue_declare(queue, passive: true)
  rescue Bunny::NotFound => e
    equal e.channel_close.reply_text, "NOT_FOUND - no queue '#{queue}' in vhost '/'"
  else
    raise 'not refused'
  end
  equal channel.open?, false
  equal connection.create_channel.open?, true
end

test_case 'A consumer whose queue is deleted is told.' do |connection|
  channel = connection.create_channel
  queue = channel.queue(name('deleted'))
  cancelled = Queue.new
  queue.subscribe(on_cancellation: ->(_) { cancelled << true }) { |_, _, _| nil }
  connection.create_channel.queue_delete(queue.name)
  eventually { cancelled.size == 1 }
end

test_case 'Requests are answered by direct reply-to.' do |connection|
  server = connection.create_channel
  requests = server.queue('', exclusive: true)
  requests.subscribe do |_, properties, body|
    server.default_exchange.publish(body.upcase, routing_key: properties.reply_to)
  end
  client = connection.create_channel
  replies = Queue.new
  client.basic_consume('amq.rabbitmq.reply-to', '', true) { |_, _, body| replies << body }
  client.default_exchange.publish('question', routing_key: requests.name, reply_to: 'amq.rabbitmq.reply-to')
  equal eventually { replies.size == 1 && replies.pop }, 'QUESTION'
end

test_case 'Exchanges are bound to exchanges, and headers are matched.' do |connection|
  channel = connection.create_channel
  source = channel.headers(name('headers'), auto_delete: true)
  target = channel.fanout(name('fanout'), auto_delete: true)
  queue = channel.queue('', exclusive: true).bind(target)
  target.bind(source, arguments: { 'x-match' => 'any', 'colour' => 'red', 'size' => 5 })
  source.publish('blue', headers: { 'colour' => 'blue' })
  source.publish('red', headers: { 'colour' => 'red' })
  source.publish('five', headers: { 'size' => 5 })
  eventually { queue.message_count == 2 }
  equal 2.times.map { queue.pop.last }, %w[red five]
end

test_case 'A connection that is cut recovers with its queue, binding and consumer.' do |connection|
  channel = connection.create_channel
  queue = channel.queue(name('recovered'), auto_delete: false, durable: true)
  queue.bind('amq.fanout')
  seen = Queue.new
  queue.subscribe { |_, _, body| seen << body }
  old = connection.transport.socket
  old.shutdown(Socket::SHUT_RDWR)
  eventually { connection.open? && connection.transport.socket != old && !connection.recovering_from_network_failure? }
  eventually do
    connection.create_channel.queue(queue.name, passive: true).consumer_count == 1
  end
  channel.fanout('amq.fanout', durable: true).publish('after')
  equal eventually { !seen.empty? && seen.pop }, 'after'
  queue.delete
end

CASES.each do |title, run|
  error = nil
  begin
    options = { network_recovery_interval: 0.2, log_file: File::NULL, continuation_timeout: 15_000 }
    connection = Bunny.new(ENV.fetch('AMQP_URL'), options).start
    run.call(connection)
    connection.close
  rescue Exception => e # rubocop:disable Lint/RescueException
    error = e.full_message(highlight: false)
  end
  puts JSON.generate(title: title, error: error)
  $stdout.flush
end
