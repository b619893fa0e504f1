/**
 * Handlers: which function answers which method on a channel. A method that clients may send and
 * that has no handler here does not compile.
 */
import type { Channel } from '../channel.ts';
import type { ClientMethod, MethodArguments, MethodName } from '../spec.ts';
import { accessMethods } from './access.ts';
import { basicMethods } from './basic.ts';
import { channelMethods } from './channel.ts';
import { confirmMethods } from './confirm.ts';
import { exchangeMethods } from './exchange.ts';
import { queueMethods } from './queue.ts';
import { txMethods } from './tx.ts';

/** Does what the method asks. A promise holds the channel's later frames back until it resolves. */
export type Handler<N extends MethodName> = (
  channel: Channel,
  args: MethodArguments<N>,
) => void | Promise<void>;

/** Handled by the connection, or on the hot path of channel.ts. */
type Elsewhere =
  | Extract<ClientMethod, `connection.${string}`>
  | 'basic.publish'
  | 'channel.open'
  | 'channel.close'
  | 'channel.close-ok';

const HANDLERS = {
  ...accessMethods,
  ...basicMethods,
  ...channelMethods,
  ...confirmMethods,
  ...exchangeMethods,
  ...queueMethods,
  ...txMethods,
} as const satisfies { [N in Exclude<ClientMethod, Elsewhere>]: Handler<N> };

const BY_NAME: ReadonlyMap<string, Handler<never>> = new Map(Object.entries(HANDLERS));

/** undefined for a method that only servers send, or that is not a channel's. */
export function handlerOf(name: MethodName): Handler<never> | undefined {
  return BY_NAME.get(name);
}
