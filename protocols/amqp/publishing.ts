/**
 * Publishing: the way of one channel's contents from frames to messages: basic.publish, header,
 * body [AMQP 4.2.6]. Publishers repeat themselves, so a method or header whose bytes equal those
 * of the message before is not decoded again. The body is copied once, into a buffer of its own.
 * Hot path.
 */
import type { BodyMemory, BodyPool } from '../../src/broker/body-memory.ts';
import { Message } from '../../src/broker/message.ts';
import { NO_PROPERTIES, type Properties } from '../../src/broker/properties.ts';
import type { Session } from '../../src/broker/session.ts';
import { FIRST_BODY_BYTES } from '../../src/limits-memory.ts';
import { decoderOf } from './compile.ts';
import { AmqpError, frameError } from './errors.ts';
import { CONTENT_HEADER_BYTES } from './frames.ts';
import { AmqpHeader, decodeProperties } from './properties.ts';
import { BASIC_CLASS, METHODS } from './spec.ts';
import { copyBytes, copyOf, cutShort, longlongAt, sameBytes, shortAt } from './wire.ts';

/** Where finished messages go: the channel. */
export interface Publisher {
  readonly session: Session;
  readonly bodies: BodyPool;
  publish(message: Message, mandatory: boolean): void;
}

const PUBLISH_ID = METHODS['basic.publish'].id[1];

const NOTHING = Buffer.alloc(0);

/** The arguments of a basic.publish to the default exchange with an empty key. */
const FIRST_TARGET = Buffer.alloc(5);

const decodePublish = decoderOf('basic.publish');

export class Publishing {
  /** Between basic.publish and the end of its body no other method may come. */
  expecting: 'nothing' | 'header' | 'body' = 'nothing';
  private readonly publisher: Publisher;
  /** The arguments of the last basic.publish, as they came and as they were decoded. */
  private target: Buffer = FIRST_TARGET;
  private exchange = '';
  private routingKey = '';
  private mandatory = false;
  private properties: Properties = NO_PROPERTIES;
  private body: Buffer = NOTHING;
  /** What the body lies in, if that may be used again. */
  private memory: BodyMemory | null = null;
  private bodyBytes = 0;
  private received = 0;

  constructor(publisher: Publisher) {
    this.publisher = publisher;
  }

  /**
   * Takes the arguments of basic.publish.
   * @throws AmqpError NOT_IMPLEMENTED for `immediate`, SYNTAX_ERROR
   */
  method(buf: Buffer, start: number, end: number): void {
    if (!sameBytes(buf, start, end, this.target)) {
      const args = decodePublish(buf, start, end);
      if (args.immediate) throw new AmqpError('NOT_IMPLEMENTED', 'immediate=true');
      this.target = copyOf(buf, start, end);
      this.exchange = args.exchange;
      this.routingKey = args.routingKey;
      this.mandatory = args.mandatory;
    }
    this.expecting = 'header';
  }

  /**
   * Takes a content header.
   * @throws AmqpError UNEXPECTED_FRAME, SYNTAX_ERROR
   * @throws BrokerError PRECONDITION_FAILED if the body is going to be too large
   */
  header(buf: Buffer, start: number, end: number): void {
    if (this.expecting !== 'header') throw unexpected(this.expecting);
    if (end - start < CONTENT_HEADER_BYTES) throw cutShort('content header');
    const classId = shortAt(buf, start);
    if (classId !== BASIC_CLASS) {
      const text = `expected content header for class 60, got one for class ${classId} instead`;
      throw new AmqpError('UNEXPECTED_FRAME', text);
    }
    const bodyBytes = longlongAt(buf, start + 4);
    this.publisher.session.checkSize(bodyBytes);
    const flags = start + CONTENT_HEADER_BYTES;
    const { wire } = this.properties;
    if (!(wire instanceof AmqpHeader) || !wire.equals(buf, flags, end)) {
      this.properties = decodeProperties(buf, flags, end);
    }
    this.bodyBytes = bodyBytes;
    this.received = 0;
    this.body = NOTHING;
    if (bodyBytes === 0) this.complete();
    else this.expecting = 'body';
  }

  /**
   * Takes a piece of a body.
   * @throws AmqpError UNEXPECTED_FRAME, FRAME_ERROR if it is more than was announced
   */
  piece(buf: Buffer, start: number, end: number): void {
    if (this.expecting !== 'body') throw unexpected(this.expecting);
    const size = end - start;
    const received = this.received + size;
    if (received > this.bodyBytes) {
      throw frameError(`body is larger than the ${this.bodyBytes} bytes of its header`);
    }
    if (received > this.body.length) this.grow(received);
    copyBytes(buf, start, end, this.body, this.received);
    this.received = received;
    if (received === this.bodyBytes) this.complete();
  }

  /** @throws AmqpError UNEXPECTED_FRAME if a method may not come now */
  checkIdle(): void {
    if (this.expecting !== 'nothing') throw unexpected(this.expecting);
  }

  /** Forgets a message that has begun: its channel is closed. */
  abandon(): void {
    this.expecting = 'nothing';
    this.body = NOTHING;
    this.memory = null;
  }

  /**
   * Makes room for `bytes`. Bodies of ordinary size are allocated whole at once; larger ones grow
   * as they come, so that announcing a large body costs the one who announces it.
   */
  private grow(bytes: number): void {
    const memory = this.publisher.bodies.take(this.bodyBytes);
    if (memory !== null) {
      this.memory = memory;
      this.body = memory.part(this.bodyBytes);
      return;
    }
    const room = Math.max(bytes, FIRST_BODY_BYTES, 2 * this.body.length);
    const grown = Buffer.allocUnsafe(Math.min(room, this.bodyBytes));
    if (this.received > 0) this.body.copy(grown, 0, 0, this.received);
    this.body = grown;
  }

  private complete(): void {
    this.expecting = 'nothing';
    const { exchange, routingKey, properties, body, memory } = this;
    const message = new Message(exchange, routingKey, properties, body, memory);
    this.body = NOTHING;
    this.memory = null;
    this.publisher.publish(message, this.mandatory);
  }
}

/** What RabbitMQ says when frames of a content come in the wrong order. */
function unexpected(expecting: 'nothing' | 'header' | 'body'): AmqpError {
  if (expecting === 'nothing') {
    const text = 'expected method frame, got non method frame instead';
    return new AmqpError('UNEXPECTED_FRAME', text, { classId: 0, methodId: 0 });
  }
  const wanted = expecting === 'header' ? 'content header for class 60' : 'content body';
  const other = expecting === 'header' ? 'content header' : 'content body';
  const text = `expected ${wanted}, got non ${other} frame instead`;
  return new AmqpError('UNEXPECTED_FRAME', text, { classId: BASIC_CLASS, methodId: PUBLISH_ID });
}
