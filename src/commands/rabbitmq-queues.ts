#!/usr/bin/env node
/**
 * The command `rabbitmq-queues`: looks after quorum queues.
 * The grammar, formats and exit codes are RabbitMQ's; see program.ts.
 */
import { main } from './program.ts';
import { QUEUE_COMMANDS } from './queue-commands.ts';

await main({ name: 'rabbitmq-queues', commands: [...QUEUE_COMMANDS] });
