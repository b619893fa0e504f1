/**
 * Will: the message that a client leaves for the case that it goes without saying goodbye
 * [MQTT 3.1.2.5]. Published in the name of the user, with the rights the user has at that time.
 */
import type { Variables } from '../../src/auth/rights.ts';
import { decided } from '../../src/auth/undecided.ts';
import type { User } from '../../src/auth/user.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import type { Field, Fields } from '../../src/broker/field.ts';
import { Message } from '../../src/broker/message.ts';
import { decodeStoredHeader } from '../../src/broker/stored-header.ts';
import { propertiesOf } from './message-form.ts';
import type { Connect } from './packets.ts';
import { PROPERTY } from './property-rules.ts';
import type { RetainedStore } from './retained-store.ts';
import { keyOf } from './topics.ts';

/** See the head of this file. */
export interface Will {
  readonly message: Message;
  readonly retain: boolean;
  readonly delaySeconds: number;
  /** null after a restart: then it is whoever has the name. */
  readonly user: User | null;
  readonly userName: string;
  readonly vhost: string;
}

/** The will in a CONNECT, null if there is none. */
export function willOf(connect: Connect, exchange: string, user: User, vhost: string): Will | null {
  const { will } = connect.packet;
  if (will === undefined) return null;
  const { bytes, willProperties } = connect;
  const retain = will.retain === true;
  const properties = propertiesOf(will.qos ?? 0, retain, bytes, willProperties);
  const payload = Buffer.from(will.payload as Buffer);
  const message = new Message(exchange, keyOf(will.topic), properties, payload);
  const delay = willProperties.find(({ id }) => id === PROPERTY.WILL_DELAY);
  const delaySeconds = delay?.number ?? 0;
  return { message, retain, delaySeconds, user, userName: user.name, vhost };
}

/** A will that waits, as it outlives the process. */
export function fieldsOfWill({ message, retain, userName }: Will): [string, Field][] {
  return [
    ['header', message.encodeHeader()],
    ['body', message.body],
    ['retain', retain],
    ['user', userName],
  ];
}

/** The same, back; null if it makes no sense. */
export function willFrom(fields: Fields, vhost: string): Will | null {
  const [header, body, userName] = ['header', 'body', 'user'].map((name) => fields.get(name));
  if (!Buffer.isBuffer(header) || !Buffer.isBuffer(body) || typeof userName !== 'string')
    return null;
  const { exchange, routingKey, properties } = decodeStoredHeader(header);
  const message = new Message(exchange, routingKey, properties, body);
  const retain = fields.get('retain') === true;
  return { message, retain, delaySeconds: 0, user: null, userName, vhost };
}

/**
 * Publishes a will; if its user may not, that is for the log only.
 * @param variables what topic permissions may name
 */
export async function publishWill(
  will: Will,
  variables: Variables,
  broker: Broker,
  retained: RetainedStore,
): Promise<void> {
  try {
    await decided(() => publishNow(will, variables, broker, retained));
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    broker.log.info(`a will of user '${will.userName}' was not published: ${error.message}`);
  }
}

/** @throws BrokerError, Undecided */
function publishNow(
  { message, userName, vhost, retain, ...will }: Will,
  variables: Variables,
  broker: Broker,
  retained: RetainedStore,
): void {
  const user = will.user ?? broker.users.get(userName);
  if (user === undefined) throw new BrokerError('NOT_ALLOWED', 'there is no such user here');
  const session = broker.openSession(user, vhost, 'mqtt', null, variables);
  try {
    message.arrivedAtMs = broker.clock.now();
    session.publish(message, null);
    if (retain) retained.keep(vhost, message, null);
  } finally {
    void session.close();
  }
}
