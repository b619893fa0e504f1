# frozen_string_literal: true

# What bunny's own suite does to see a connection recover: it lists connections over the management
# API, closes each, and waits for them to come back. The requests are those of its HTTP client.
# AMQP_URL and API_URL say where; prints `recovered` in the end.

require 'bunny'
require 'json'
require 'net/http'
require 'uri'

API = URI(ENV.fetch('API_URL'))
PATIENCE_S = 30

def request(method, path)
  Net::HTTP.start(API.host, API.port) do |http|
    asked = Net::HTTP.const_get(method).new("/api/#{path}")
    asked.basic_auth('guest', 'guest')
    asked['Content-Type'] = 'application/json'
    http.request(asked)
  end
end

def list(path)
  JSON.parse(request(:Get, path).body)
end

def eventually(what)
  deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + PATIENCE_S
  until yield
    raise "not in time: #{what}" if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline

    sleep 0.05
  end
end

connection = Bunny.new(ENV.fetch('AMQP_URL'), network_recovery_interval: 0.2,
                                              recover_from_connection_close: true)
connection.start
channel = connection.create_channel
channel.prefetch(11)
queue = channel.queue('', exclusive: true)
queue.bind(channel.fanout('amq.fanout'))
first_name = queue.name

closed = list('connections').map { |one| one['name'] }
raise 'the connection is not listed at once' if closed.empty?

closed.each do |name|
  reply = request(:Delete, "connections/#{URI.encode_www_form_component(name).gsub('+', '%20')}")
  raise "closing: #{reply.code}" unless reply.code == '204'
end

eventually('another connection') do
  now = list('connections').map { |one| one['name'] }
  now.any? && (now & closed).empty? && channel.open?
end
raise 'channels are not listed' unless list('channels').any?
raise 'exchanges are not listed' unless list('exchanges/%2F').any? { |x| x['name'] == 'amq.fanout' }

eventually('the queue') { list('queues').any? { |q| q['name'] == queue.name } }
raise 'the old queue is still there' if list('queues').any? { |q| q['name'] == first_name } && queue.name != first_name

channel.confirm_select
channel.fanout('amq.fanout').publish('msg')
channel.wait_for_confirms
eventually('the message') { queue.message_count == 1 }
raise 'prefetch is lost' unless list('channels').first['prefetch_count'] == 11

connection.close
puts 'recovered'
