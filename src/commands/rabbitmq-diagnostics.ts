#!/usr/bin/env node
/**
 * The command `rabbitmq-diagnostics`: checks a running broker, for operators and for probes.
 * The grammar, formats and exit codes are RabbitMQ's; see program.ts.
 */
import { CHECK_COMMANDS } from './check-commands.ts';
import { NODE_COMMANDS } from './node-commands.ts';
import { main } from './program.ts';

await main({ name: 'rabbitmq-diagnostics', commands: [...NODE_COMMANDS, ...CHECK_COMMANDS] });
