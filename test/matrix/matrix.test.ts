/** The matrix of all protocols over TCP: see matrix.ts. */
import { connectAmqp } from './amqp-side.ts';
import { connectHttp } from './http-side.ts';
import { describeMatrix } from './matrix.ts';
import { connectMqtt } from './mqtt-side.ts';
import { connectStomp } from './stomp-side.ts';

describeMatrix({
  AMQP: connectAmqp,
  MQTT: connectMqtt,
  STOMP: connectStomp,
  HTTP: connectHttp,
});
