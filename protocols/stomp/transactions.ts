/**
 * Transactions: the SEND, ACK and NACK frames between BEGIN and COMMIT or ABORT [STOMP 1.2, BEGIN].
 * Only kept here, in the order they came; commands.ts carries them out. Bounded by number, as in
 * RabbitMQ, and by their bytes.
 */
import {
  STOMP_TRANSACTION_ACTIONS_MAX,
  STOMP_TRANSACTION_BYTES,
  STOMP_TRANSACTIONS_MAX,
} from '../../src/limits.ts';
import { StompError } from './errors.ts';
import type { FrameHead } from './frame-head.ts';

/** A frame that waits for the commit. */
export interface Action {
  readonly head: FrameHead;
  readonly body: Buffer;
}

export class Transactions {
  private readonly open = new Map<string, Action[]>();
  private bytes = 0;

  /** Opens one; opening it again starts it anew, as in RabbitMQ. @throws StompError */
  begin(head: FrameHead): void {
    const name = nameOf(head);
    this.forget(name);
    if (this.open.size >= STOMP_TRANSACTIONS_MAX) {
      const detail = `Too many concurrent transactions (limit ${STOMP_TRANSACTIONS_MAX})`;
      throw new StompError('Transaction limit exceeded', detail);
    }
    this.open.set(name, []);
  }

  /** @throws StompError if there is no such transaction, or it is full */
  add(name: string, action: Action): void {
    const actions = this.find(name);
    if (actions.length >= STOMP_TRANSACTION_ACTIONS_MAX) {
      const detail = `Too many actions in transaction (limit ${STOMP_TRANSACTION_ACTIONS_MAX})`;
      throw new StompError('Transaction too large', detail);
    }
    this.bytes += sizeOf(action);
    if (this.bytes > STOMP_TRANSACTION_BYTES) {
      const detail = `Too many bytes in transactions (limit ${STOMP_TRANSACTION_BYTES})`;
      throw new StompError('Transaction too large', detail);
    }
    actions.push(action);
  }

  /** Ends one. @returns what it was made of @throws StompError if there is no such transaction */
  end(head: FrameHead): readonly Action[] {
    const name = nameOf(head);
    const actions = this.find(name);
    this.forget(name);
    return actions;
  }

  private forget(name: string): void {
    for (const action of this.open.get(name) ?? []) this.bytes -= sizeOf(action);
    this.open.delete(name);
  }

  private find(name: string): Action[] {
    const actions = this.open.get(name);
    if (actions !== undefined) return actions;
    const detail = `Invalid transaction identifier: ${JSON.stringify(name)}\n`;
    throw new StompError('Bad transaction', detail);
  }
}

/** Headers count as well: there may be many of them. */
function sizeOf({ head, body }: Action): number {
  let bytes = body.length;
  for (let i = 0; i < head.names.length; i++) {
    bytes += head.names[i]!.length + head.values[i]!.length;
  }
  return bytes;
}

function nameOf(head: FrameHead): string {
  const name = head.get('transaction');
  if (name !== undefined) return name;
  const detail = `"${head.command}" must include a 'transaction' header\n`;
  throw new StompError('Missing transaction', detail);
}
