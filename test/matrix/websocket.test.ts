/** The matrix of all protocols over WebSocket: see matrix.ts. */
import { connectAmqpByWebSocket } from './amqp-websocket-side.ts';
import { connectHttpByWebSocket } from './http-websocket-side.ts';
import { describeMatrix } from './matrix.ts';
import { connectMqttByWebSocket } from './mqtt-side.ts';
import { connectStompByWebSocket } from './stomp-side.ts';

describeMatrix({
  'AMQP over WebSocket': connectAmqpByWebSocket,
  'MQTT over WebSocket': connectMqttByWebSocket,
  'STOMP over WebSocket': connectStompByWebSocket,
  'HTTP over WebSocket': connectHttpByWebSocket,
});
