/**
 * The list of protocol adapters, for the composition roots. What each supports and how it maps to
 * the model is README.md beside this file.
 */
export { Amqp } from './amqp/amqp.ts';
export { Mqtt } from './mqtt/mqtt.ts';
export { Stomp } from './stomp/stomp.ts';
