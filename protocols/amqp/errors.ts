/**
 * What goes wrong in AMQP's words: the reply-code table, the errors that only AMQP has, and the
 * total map from the engine's error kinds. Says which code and scope an error has; who closes
 * what because of it is decided in connection.ts and channel.ts.
 */
import { Buffer } from 'node:buffer';
import { BrokerError, type ErrorKind } from '../../src/broker/errors.ts';
import { MAX_SHORTSTR_BYTES } from '../../src/limits.ts';

/** A soft error closes its channel, a hard error its connection [AMQP 4.10.2, 1.2]. */
export type Scope = 'channel' | 'connection';

export interface Reply {
  readonly code: number;
  readonly scope: Scope;
}

/** The reply codes of AMQP 0-9-1 plus RabbitMQ's NO_ROUTE. */
export const REPLIES = {
  CONTENT_TOO_LARGE: { code: 311, scope: 'channel' },
  /** Only ever the text of a basic.return. */
  NO_ROUTE: { code: 312, scope: 'channel' },
  NO_CONSUMERS: { code: 313, scope: 'channel' },
  CONNECTION_FORCED: { code: 320, scope: 'connection' },
  INVALID_PATH: { code: 402, scope: 'connection' },
  /** At login it closes the connection: the channel is 0 there. */
  ACCESS_REFUSED: { code: 403, scope: 'channel' },
  NOT_FOUND: { code: 404, scope: 'channel' },
  RESOURCE_LOCKED: { code: 405, scope: 'channel' },
  PRECONDITION_FAILED: { code: 406, scope: 'channel' },
  FRAME_ERROR: { code: 501, scope: 'connection' },
  SYNTAX_ERROR: { code: 502, scope: 'connection' },
  COMMAND_INVALID: { code: 503, scope: 'connection' },
  CHANNEL_ERROR: { code: 504, scope: 'connection' },
  UNEXPECTED_FRAME: { code: 505, scope: 'connection' },
  RESOURCE_ERROR: { code: 506, scope: 'connection' },
  NOT_ALLOWED: { code: 530, scope: 'connection' },
  NOT_IMPLEMENTED: { code: 540, scope: 'connection' },
  INTERNAL_ERROR: { code: 541, scope: 'connection' },
} as const satisfies Record<string, Reply>;

export type ReplyName = keyof typeof REPLIES;

/** reply-code and reply-text of a close without fault. */
export const REPLY_SUCCESS = 200;

/** How each refusal of the engine is answered. A kind without an entry does not compile. */
export const REPLY_OF_KIND = {
  ACCESS_REFUSED: REPLIES.ACCESS_REFUSED,
  CONNECTION_FORCED: REPLIES.CONNECTION_FORCED,
  INTERNAL_ERROR: REPLIES.INTERNAL_ERROR,
  NOT_ALLOWED: REPLIES.NOT_ALLOWED,
  NOT_FOUND: REPLIES.NOT_FOUND,
  NOT_IMPLEMENTED: REPLIES.NOT_IMPLEMENTED,
  PRECONDITION_FAILED: REPLIES.PRECONDITION_FAILED,
  RESOURCE_ERROR: REPLIES.RESOURCE_ERROR,
  RESOURCE_LOCKED: REPLIES.RESOURCE_LOCKED,
} as const satisfies Record<ErrorKind, Reply>;

/** What the class-id and method-id of a close say. */
export interface MethodIds {
  readonly classId: number;
  readonly methodId: number;
}

/** The client broke the protocol itself: its frames, its syntax or the order of its methods. */
export class AmqpError extends Error {
  override readonly name = 'AmqpError';
  readonly kind: ReplyName;
  readonly code: number;
  readonly scope: Scope;
  /** The ids of the method at fault; null if it is the one that is being handled. */
  readonly method: MethodIds | null;

  /** @param explanation what clients see after `KIND - ` */
  constructor(kind: ReplyName, explanation: string, method: MethodIds | null = null) {
    super(explanation);
    this.method = method;
    this.kind = kind;
    this.code = REPLIES[kind].code;
    this.scope = REPLIES[kind].scope;
  }
}

/** What an error is answered with, before its text is cut to fit. */
export interface Answer {
  readonly kind: ReplyName;
  readonly reply: Reply;
  readonly text: string;
}

/** The answer to an error that the client made; null if it is not the client's. */
export function answerTo(error: unknown): Answer | null {
  if (error instanceof AmqpError) {
    return { kind: error.kind, reply: REPLIES[error.kind], text: error.message };
  }
  if (error instanceof BrokerError) {
    return { kind: error.kind, reply: REPLY_OF_KIND[error.kind], text: error.message };
  }
  return null;
}

/** Malformed values inside a frame whose borders are sound [AMQP 1.2, syntax-error]. */
export function syntaxError(explanation: string): AmqpError {
  return new AmqpError('SYNTAX_ERROR', explanation);
}

/** Borders that are not sound: what follows on the connection cannot be understood. */
export function frameError(explanation: string): AmqpError {
  return new AmqpError('FRAME_ERROR', explanation);
}

const ELLIPSIS = '...';

/**
 * The reply-text of a close: `NOT_FOUND - no queue 'q' in vhost '/'`. A text that does not fit a
 * short string ends in `...` as RabbitMQ's does, but never in half a character.
 */
export function replyText(kind: ReplyName, explanation: string): string {
  const text = `${kind} - ${explanation}`;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length <= MAX_SHORTSTR_BYTES) return text;
  let end = MAX_SHORTSTR_BYTES - ELLIPSIS.length;
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + ELLIPSIS;
}

/** Why a connection ends: an operator's reason as it is; that we stop, in RabbitMQ's words. */
export function forcedText(reason: string): string {
  const stopping = `broker forced connection closure with reason '${reason}'`;
  return replyText('CONNECTION_FORCED', reason === 'shutdown' ? stopping : reason);
}
