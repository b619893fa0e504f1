/**
 * Saying: what a client says, as bytes: one step of a conversation or of a differential script,
 * and the handshake in one go. Everything is encoded by amqplib's codec (wire.ts); what a line
 * looks like is notation.ts.
 */
import type { Step, Value } from './notation.ts';
import {
  type Argument,
  argumentsOf,
  camel,
  describe,
  encodeBody,
  encodeFrame,
  encodeHeader,
  encodeMethod,
  type Frame,
  propertyArguments,
  type Wire,
} from './wire.ts';

/** The value that a word stands for, its `$names` filled in. */
export type Fill = (word: string) => Value;

const PROTOCOL_HEADER = Buffer.from('AMQP\x00\x00\x09\x01', 'latin1');

const CAPABILITIES = {
  authentication_failure_close: true,
  'basic.nack': true,
  consumer_cancel_notify: true,
  publisher_confirms: true,
};

/** A method, a content or raw bytes. */
export function encodeStep(step: Step, fill: Fill): Buffer {
  const { verb, channel } = step;
  const bare = step.bare.map(fill);
  if (verb === 'bytes') return Buffer.concat(bare.map(toBytes));
  if (verb === 'frame') {
    const type = Number(fill(step.fields.get('type') ?? '1'));
    const end = step.fields.has('end') ? Number(`0x${step.fields.get('end')}`) : undefined;
    return encodeFrame(type, channel, Buffer.concat(bare.map(toBytes)), end);
  }
  if (verb === 'content-body') return encodeBody(channel, Buffer.concat(bare.map(toBytes)));
  if (verb === 'content-header') {
    const size = Number(fill(step.fields.get('size') ?? '0'));
    return encodeHeader(channel, size, propertiesOf(step, fill));
  }
  if (verb !== 'content') return encodeMethod(verb, channel, fieldsOf(step, fill));
  const body = Buffer.concat(bare.map(toBytes));
  const header = encodeHeader(channel, body.length, propertiesOf(step, fill));
  return body.length === 0 ? header : Buffer.concat([header, encodeBody(channel, body)]);
}

/**
 * From the protocol header to open-ok.
 * @param option gives the value of user, password, vhost, frame-max, channel-max or heartbeat
 */
export async function logIn(
  wire: Wire,
  option: (name: string, otherwise: string) => string,
): Promise<void> {
  wire.write(PROTOCOL_HEADER);
  expectMethod(await wire.frame(0), 'connection.start');
  wire.write(
    encodeMethod('connection.start-ok', 0, {
      clientProperties: { capabilities: CAPABILITIES },
      mechanism: 'PLAIN',
      response: Buffer.from(`\0${option('user', 'guest')}\0${option('password', 'guest')}`),
      locale: 'en_US',
    }),
  );
  const tune = await wire.frame(0);
  expectMethod(tune, 'connection.tune');
  const frameMax = Number(option('frame-max', String(tune.fields['frame-max'])));
  const channelMax = Number(option('channel-max', String(tune.fields['channel-max'])));
  const heartbeat = Number(option('heartbeat', '0'));
  wire.write(encodeMethod('connection.tune-ok', 0, { frameMax, channelMax, heartbeat }));
  wire.write(encodeMethod('connection.open', 0, { virtualHost: option('vhost', '/') }));
  expectMethod(await wire.frame(0), 'connection.open-ok');
}

/** @throws unless the frame is that method */
export function expectMethod(frame: Frame, name: string): void {
  if (frame.name !== name) throw new Error(`not ${name} but ${describe(frame)}`);
}

/** @throws if there is no argument of that name */
export function find(args: readonly Argument[], name: string, verb: string): Argument {
  const argument = args.find((candidate) => candidate.name === camel(name));
  if (argument === undefined) throw new Error(`${verb} has no ${name}`);
  return argument;
}

/** Text as it is, in latin1 so that "\u00ff" is the byte ff; numbers and bare words as hex. */
export function toBytes(value: Value): Buffer {
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(String(value), 'latin1');
}

function fieldsOf(step: Step, fill: Fill): Record<string, unknown> {
  const fields: Record<string, unknown> = defaultsOf(step.verb);
  for (const [name, value] of step.fields) {
    const argument = find(argumentsOf(step.verb), name, step.verb);
    fields[argument.name] = toArgument(argument, fill(value));
  }
  return fields;
}

function propertiesOf(step: Step, fill: Fill): Record<string, unknown> {
  const fields: Record<string, unknown> = { headers: undefined };
  for (const [name, value] of step.fields) {
    if (name === 'size') continue;
    const argument = find(propertyArguments(), name, 'content');
    fields[argument.name] = toArgument(argument, fill(value));
  }
  return fields;
}

/** Arguments that amqplib insists on, or whose zero value is not what a client would send. */
function defaultsOf(verb: string): Record<string, unknown> {
  if (verb === 'basic.cancel') return { consumerTag: '' };
  if (verb.endsWith('.close')) return { replyCode: 200, replyText: '', classId: 0, methodId: 0 };
  return {};
}

function toArgument(argument: Argument, value: Value): unknown {
  if (argument.type === 'longstr') return toBytes(value);
  if (argument.type === 'shortstr') return value === null ? value : String(value);
  return value;
}
