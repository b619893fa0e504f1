/**
 * Publisher: the messages that one socket publishes, from the command to the result. As many may
 * be unconfirmed as the client likes: a store that is behind holds it back (reading.ts).
 */
import { Receipt, type ReceiptHolder } from '../../../../src/broker/receipt.ts';
import type { Session } from '../../../../src/broker/session.ts';
import { exchangeName } from '../../management/context.ts';
import { messageOf } from '../message-json.ts';
import { Problem, problemBody, problemOf } from '../problem.ts';
import type { Command, CommandId } from './commands.ts';
import type { Output } from './output.ts';

/** A message that is not confirmed yet. */
interface Posted {
  readonly id: CommandId;
  readonly mandatory: boolean;
  routed: number;
}

export class Publisher implements ReceiptHolder {
  private readonly session: Session;
  private readonly output: Output;
  private readonly posted = new Map<number, Posted>();
  private lastSequence = 0;

  constructor(session: Session, output: Output) {
    this.session = session;
    this.output = output;
  }

  /** How many are not confirmed yet. */
  get unconfirmed(): number {
    return this.posted.size;
  }

  publish(command: Command<'publish'>): void {
    const { session } = this;
    const { id, exchange, routing_key: key, mandatory } = command;
    const sequence = ++this.lastSequence;
    try {
      const message = messageOf(exchangeName(exchange), key, command);
      session.checkSize(message.bodyBytes);
      const one: Posted = { id, mandatory, routed: 0 };
      this.posted.set(sequence, one);
      const receipt = new Receipt(this, sequence);
      one.routed = session.publish(message, receipt);
      receipt.release();
    } catch (error) {
      this.posted.delete(sequence);
      const problem = problemOf(error);
      if (problem === null) throw error;
      this.tell(id, 0, problem);
    }
  }

  completed(sequence: number, accepted: boolean): void {
    const one = this.posted.get(sequence);
    if (one === undefined) return;
    this.posted.delete(sequence);
    const { traffic } = this.session;
    if (accepted) traffic.confirm++;
    let problem: Problem | null = null;
    if (!accepted) {
      problem = new Problem('REJECTED', 'a queue or the store does not take it: see queue limits');
    } else if (one.mandatory && one.routed === 0) {
      traffic.returnUnroutable++;
      problem = new Problem('NO_ROUTE', 'no queue takes a message with this key');
    }
    this.tell(one.id, one.routed, problem);
  }

  private tell(id: CommandId, routed: number, problem: Problem | null): void {
    if (problem === null && id === undefined) return;
    const named = id === undefined ? {} : { id };
    this.output.result({ ...named, routed, ...(problem !== null && problemBody(problem)) });
  }
}
