/**
 * Will: the message that a client leaves for the case that it goes without saying goodbye
 * [MQTT 3.1.2.5]. Published in the name of the user, with the rights the user has at that time.
 */
import { decided } from '../../src/auth/undecided.ts';
import type { User } from '../../src/auth/user.ts';
import type { Broker } from '../../src/broker/broker.ts';
import { BrokerError } from '../../src/broker/errors.ts';
import { Message } from '../../src/broker/message.ts';
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
  readonly user: User;
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
  return { message, retain, delaySeconds: delay?.number ?? 0, user, vhost };
}

/** Publishes a will; if its user may not, that is for the log only. */
export function publishWill(will: Will, broker: Broker, retained: RetainedStore): void {
  const refused = (error: unknown): void => {
    if (!(error instanceof BrokerError)) throw error;
    broker.log.info(`a will of user '${will.user.name}' was not published: ${error.message}`);
  };
  try {
    const done = decided(() => publishNow(will, broker, retained));
    if (done instanceof Promise) done.catch(refused);
  } catch (error) {
    refused(error);
  }
}

/** @throws BrokerError, Undecided */
function publishNow({ message, user, vhost, retain }: Will, broker: Broker, kept: RetainedStore) {
  const session = broker.openSession(user, vhost);
  try {
    message.arrivedAtMs = broker.clock.now();
    session.publish(message, null);
    if (retain) kept.keep(vhost, message, null);
  } finally {
    void session.close();
  }
}
