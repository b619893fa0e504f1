/**
 * Class tx: transactions of one channel [AMQP 1.9]. All that was published and settled takes
 * effect at commit, publishes first; how atomic that is depends on the store.
 */
import { decided } from '../../../src/auth/undecided.ts';
import { BrokerError } from '../../../src/broker/errors.ts';
import type { Message } from '../../../src/broker/message.ts';
import type { Channel } from '../channel.ts';
import { AmqpError } from '../errors.ts';
import { Transaction } from '../transaction.ts';
import type { Handler } from './handlers.ts';

const select: Handler<'tx.select'> = (channel) => {
  if (channel.confirms !== null) {
    throw new AmqpError('PRECONDITION_FAILED', 'cannot switch from confirm to tx mode');
  }
  channel.transaction ??= new Transaction();
  channel.send('tx.select-ok', {});
};

const commit: Handler<'tx.commit'> = async (channel) => {
  const transaction = transactionOf(channel);
  const { publishes, settles } = transaction;
  transaction.clear();
  await decided(() => {
    for (const { message } of publishes) known(channel, message);
  });
  await channel.session.transaction(() => {
    for (const { message, mandatory } of publishes) publishChecked(channel, message, mandatory);
    for (const { delivery, outcome } of settles) channel.session.settle(delivery, outcome);
  });
  channel.send('tx.commit-ok', {});
};

const rollback: Handler<'tx.rollback'> = (channel) => {
  const transaction = transactionOf(channel);
  for (const { tag, delivery } of transaction.settles) channel.unacked.restore(tag, delivery);
  transaction.clear();
  channel.send('tx.rollback-ok', {});
};

/** Within the transaction nobody can be asked any more. @throws Undecided */
function known({ session, traffic }: Channel, message: Message): void {
  try {
    session.check(message, traffic);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
  }
}

/** Its exchange may have gone since it was checked: then it reaches nobody, as in RabbitMQ. */
function publishChecked(channel: Channel, message: Message, mandatory: boolean): void {
  try {
    channel.publishNow(message, mandatory);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    if (mandatory) channel.return(message);
  }
}

function transactionOf(channel: Channel): Transaction {
  if (channel.transaction !== null) return channel.transaction;
  throw new AmqpError('PRECONDITION_FAILED', 'channel is not transactional');
}

export const txMethods = { 'tx.select': select, 'tx.commit': commit, 'tx.rollback': rollback };
