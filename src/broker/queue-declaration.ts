/**
 * Queue declaration: what a client asks for, completed: a name if it has none, the type that
 * applies if it does not say; and whether a queue that is there is the one that is asked for.
 * Rights and ownership are topology-access.ts.
 */
import { createHash, randomUUID } from 'node:crypto';
import { QUEUE_NAME_PREFIX_BYTES } from '../limits.ts';
import { checkSame, checkSameArguments } from './equivalence.ts';
import { BrokerError, resource } from './errors.ts';
import { type Field, type Fields, typeOf } from './field.ts';
import { checkArguments } from './queue/arguments.ts';
import type { Queue } from './queue/queue.ts';
import { declaredType, type QueueType } from './queue/queue-types.ts';

/** A queue as a client asks for it. */
export interface QueueDeclaration {
  /** '' lets the broker choose one. */
  readonly name: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: Fields;
}

/** A declaration whose name and type are known. */
export interface CompleteDeclaration extends QueueDeclaration {
  /** The session that will own the queue; null if anyone may use it. */
  readonly owner: string | null;
  readonly type: QueueType;
}

const NAME_PREFIX = 'x-name-prefix';
const TYPE = 'x-queue-type';

/** RabbitMQ takes line ends out of names instead of refusing them. */
export function cleanName(name: string): string {
  return name.includes('\n') || name.includes('\r') ? name.replace(/[\r\n]/g, '') : name;
}

/** `amq.gen-` and 22 characters, as RabbitMQ makes them. */
export function generatedName(prefix: string): string {
  const digest = createHash('md5').update(randomUUID()).digest('base64url');
  return `${prefix}-${digest}`;
}

/**
 * Completes a declaration.
 * @param defaultType of queues that do not say theirs; only where such a queue can be of it
 * @throws BrokerError PRECONDITION_FAILED
 */
export function completeDeclaration(
  declaration: QueueDeclaration,
  session: string,
  vhost: string,
  defaultType: string,
): CompleteDeclaration {
  const { name: asked, exclusive, autoDelete } = declaration;
  const prefix = namePrefixOf(declaration.arguments, vhost);
  const name = asked === '' ? generatedName(prefix) : cleanName(asked);
  const owner = exclusive ? session : null;
  const durable = declaration.durable && !exclusive;
  const rigid = durable && !autoDelete && asked !== '';
  const args = typedArguments(declaration.arguments, rigid ? defaultType : 'classic');
  const type = declaredType(args, name, vhost);
  if (asked === '' && !type.flexible) {
    const text = `Cannot declare a server-named queue for type ${type.module}`;
    throw new BrokerError('PRECONDITION_FAILED', text);
  }
  return { ...declaration, name, durable, owner, type, arguments: args };
}

/** @throws BrokerError PRECONDITION_FAILED if there can be no such queue */
export function checkDeclaration(wanted: CompleteDeclaration, vhost: string): void {
  const { name, type } = wanted;
  checkArguments(type, wanted.arguments, name, vhost);
  if (type.flexible) return;
  let property: string | null = null;
  if (wanted.autoDelete) property = 'auto-delete';
  else if (wanted.owner !== null) property = 'exclusive-owner';
  else if (!wanted.durable) property = 'non-durable';
  if (property === null) return;
  const text = `invalid property '${property}' for ${resource('queue', name, vhost)}`;
  throw new BrokerError('PRECONDITION_FAILED', text);
}

/**
 * Is the queue the one that is asked for? Arguments that mean nothing are not compared.
 * @param relaxed may a quorum queue be asked for as if it were a classic one?
 * @throws BrokerError PRECONDITION_FAILED naming the first difference
 */
export function checkSameQueue(
  queue: Queue,
  asked: QueueDeclaration,
  wanted: CompleteDeclaration,
  relaxed: boolean,
): void {
  const { rules } = queue;
  const what = String(queue);
  const untyped = !asked.arguments.has(TYPE);
  if (relaxed && rules.name === 'quorum' && wanted.type.name === 'classic') return;
  checkSame('durable', what, wanted.durable, queue.durable);
  checkSame('auto_delete', what, wanted.autoDelete, queue.autoDelete);
  // Who does not say a type is content with the default one, and with what was the default once.
  const same = untyped && rules.name === 'classic';
  if (!same) checkSame(TYPE, what, wanted.type.name, rules.name);
  const compared = rules.arguments.filter((name) => name !== TYPE);
  checkSameArguments(compared, what, asked.arguments, queue.arguments);
}

/** With the default type, unless they name one; classic is what no type means. */
function typedArguments(args: Fields, defaultType: string): Fields {
  const adds = defaultType !== 'classic' && !args.has(TYPE);
  if (!adds && !args.has(NAME_PREFIX)) return args;
  const typed = new Map<string, Field>(args);
  typed.delete(NAME_PREFIX);
  if (adds) typed.set(TYPE, defaultType);
  return typed;
}

function namePrefixOf(args: Fields, vhost: string): string {
  const prefix = args.get(NAME_PREFIX);
  if (prefix === undefined) return 'amq.gen';
  let why: string | null = null;
  if (typeof prefix !== 'string') why = `{unacceptable_type,${typeOf(prefix)}}`;
  else if (Buffer.byteLength(prefix) > QUEUE_NAME_PREFIX_BYTES) {
    why = `"longer than ${QUEUE_NAME_PREFIX_BYTES} bytes"`;
  }
  if (why === null) return prefix as string;
  const text = `invalid arg '${NAME_PREFIX}' for ${resource('queue', '', vhost)}: ${why}`;
  throw new BrokerError('PRECONDITION_FAILED', text);
}
