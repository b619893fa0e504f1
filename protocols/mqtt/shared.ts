/**
 * Shared: what all MQTT connections of a broker have in common, whatever listener they come from.
 * Made once, by mqtt.ts.
 */
import type { Broker } from '../../src/broker/broker.ts';
import type { MqttOptions } from './options.ts';
import type { Sessions } from './sessions.ts';

/** See the head of this file. */
export interface Shared {
  readonly broker: Broker;
  readonly options: MqttOptions;
  readonly sessions: Sessions;
}
