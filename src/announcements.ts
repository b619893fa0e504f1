/**
 * Announcements: what the broker says about itself to clients, if the configuration wants it: its
 * events on `amq.rabbitmq.event`, its log on `amq.rabbitmq.log`. A composition root, like
 * management.ts.
 */
import { Announcer } from './broker/announcer.ts';
import type { Broker } from './broker/broker.ts';
import { Properties } from './broker/properties.ts';
import type { Config } from './config.ts';
import { ExchangeLog } from './exchange-log.ts';
import type { Log } from './log.ts';

const EVENT_EXCHANGE = 'amq.rabbitmq.event';
const LOG_EXCHANGE = 'amq.rabbitmq.log';

const NOTHING = Buffer.alloc(0);

/** The log of the broker, which can be heard on an exchange as well once there is one. */
export function announcedLog(config: Config, log: Log): Log {
  return config.get('log.exchange') ? new ExchangeLog(log, config.get('log.exchange.level')) : log;
}

/** Starts to announce what the configuration says. */
export function startAnnouncing(config: Config, broker: Broker): void {
  if (config.get('event_exchange.enabled')) announceEvents(config, broker);
  if (broker.log instanceof ExchangeLog) announceLog(config, broker, broker.log);
}

function announceEvents(config: Config, broker: Broker): void {
  const vhost = config.get('event_exchange.vhost');
  const announcer = new Announcer(() => broker.vhosts.get(vhost), EVENT_EXCHANGE);
  announcer.prepare();
  broker.events.listen((key, details) => {
    if (!announcer.heard) return;
    const nowMs = broker.clock.now();
    // All that an event says is in the headers, as in RabbitMQ.
    const headers = new Map(Object.entries({ ...details, timestamp_in_ms: nowMs }));
    const timestamp = Math.floor(nowMs / 1000);
    announcer.announce(key, new Properties({ headers, deliveryMode: 2, timestamp }), NOTHING);
  });
  broker.authentication.attempts.listener = ({ username, protocol, peer }, succeeded) => {
    const key = `user.authentication.${succeeded ? 'success' : 'failure'}`;
    broker.events.emit(key, { name: username, protocol, peer_host: peer.remoteAddress });
  };
  let alarmed: string | null = null;
  broker.alarms.onChange((reason) => {
    const key = reason === null ? 'alarm.cleared' : 'alarm.set';
    broker.events.emit(key, { reason: reason ?? alarmed ?? '' });
    alarmed = reason;
  });
}

function announceLog(config: Config, broker: Broker, log: ExchangeLog): void {
  const vhost = config.get('default_vhost');
  const announcer = new Announcer(() => broker.vhosts.get(vhost), LOG_EXCHANGE);
  announcer.prepare();
  log.attach((level, text) => {
    if (!announcer.heard) return;
    const timestamp = Math.floor(broker.clock.now() / 1000);
    const properties = new Properties({ contentType: 'text/plain', timestamp });
    announcer.announce(level, properties, Buffer.from(text, 'utf8'));
  });
}
