/**
 * What broke in other brokers (traps of the engine and of AMQP), and the test that says it does not
 * here: each trap with a file and a title in it. A test that is renamed or goes away shows here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const TRAPS: readonly (readonly [trap: string, file: string, title: string])[] = [
  [
    'ack and nack of everything in a transaction without anything is nothing (LavinMQ #2206)',
    'differential/cases/transactions.txt',
    'Nothing to acknowledge is nothing, in a transaction too.',
  ],
  [
    'recover(requeue=true) strands nothing whose ack waits for a commit (LavinMQ #2206)',
    'differential/cases/transactions.txt',
    'Recover while acknowledgements wait for the commit.',
  ],
  [
    'recover(requeue=false) is refused before it touches anything (LavinMQ #2206)',
    'differential/cases/acknowledging.txt',
    'Recover gives back everything that is out.',
  ],
  [
    'a prefetch lowered below what is outstanding stops deliveries (LavinMQ #2198)',
    'clients/celery/messaging.py',
    'A prefetch for the channel is lowered while messages are out.',
  ],
  [
    'and nobody is asked in vain while it is full',
    'broker/subscription.test.ts',
    'stops deliveries when it is lowered below what is out, without asking anybody again',
  ],
  [
    'basic.get does not count against a prefetch',
    'differential/cases/consuming.txt',
    'Deliveries by basic.get do not count.',
  ],
  [
    'acks that arrive while the connection is closing count (LavinMQ #2202)',
    'amqp/stopping.test.ts',
    'takes acks that arrive after its connection.close',
  ],
  [
    'consumers are cancelled before sockets close (LavinMQ #2202)',
    'amqp/stopping.test.ts',
    'tells every client why, and nothing is delivered any more',
  ],
  [
    'two consumers of a channel: each delivery is out once, counts return to 0 (LavinMQ #1237)',
    'broker/subscription.test.ts',
    'counts what two consumers of a channel hold once, and down to zero again',
  ],
  [
    'a refused declaration declares nothing (LavinMQ #2202)',
    'broker/topology-access.test.ts',
    'refuses a declaration that differs, naming what differs, and changes nothing',
  ],
  [
    'delays beyond 2³²−1 ms are refused (LavinMQ #2202)',
    'broker/exchange/delayed.test.ts',
    'the longest delay is 4294967295 ms',
  ],
  [
    'turns are fair with different prefetches (LavinMQ #2188)',
    'broker/queue/queue.test.ts',
    'is fair to a slow consumer: it loses no turn that it could take',
  ],
  [
    'a closed consumer keeps no turn (LavinMQ #2188)',
    'broker/queue/queue.test.ts',
    'gives no turn to a consumer that was cancelled',
  ],
  [
    'consumer timeouts have an effect (LavinMQ #2189)',
    'broker/queue/quorum.test.ts',
    'takes the timeout from the consumer, the queue, or the broker',
  ],
  [
    'redelivery counters survive a restart (LavinMQ #1911)',
    'broker/queue/quorum.test.ts',
    'has its messages, transient ones too, with priorities and counts',
  ],
  [
    'priority queues deliver after paging, restart and purge (LavinMQ #1439)',
    'broker/queue/priorities.test.ts',
    'delivers by priority after paging, a purge and a restart',
  ],
  [
    'basic.qos(global=true) is honoured where it is answered, on quorum queues too (LavinMQ #2198)',
    'differential/cases/quorum-queues.txt',
    'A prefetch for the channel and a quorum queue.',
  ],
  [
    'an ack for a channel that was never opened is an error',
    'amqp/hostile.test.ts',
    'an ack on a channel that was never opened',
  ],
  [
    'for one just closed it is ignored',
    'amqp/hostile.test.ts',
    'may publish and settle on a channel that it has just closed, for nothing',
  ],
  [
    'headers survive dead-lettering (LavinMQ #572)',
    'differential/cases/dead-letters.txt',
    'A rejected message.',
  ],
  [
    'connection.blocked is sent (LavinMQ #2186)',
    'amqp/blocked.test.ts',
    'is told to publishers with its reason, and that it is over',
  ],
  [
    'frames are split over any number of reads, a header in three chunks',
    'amqp/frames.test.ts',
    'completes a header that comes in three chunks',
  ],
];

test.each(TRAPS)('%s', (_trap, file, title) => {
  expect(readFileSync(join(import.meta.dirname, file), 'utf8')).toContain(title);
});
