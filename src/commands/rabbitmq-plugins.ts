#!/usr/bin/env node
/**
 * The command `rabbitmq-plugins`: answers for what RabbitMQ has as plugins and Warren has built in.
 * The grammar, formats and exit codes are RabbitMQ's; see program.ts.
 */
import { PLUGIN_COMMANDS } from './plugin-commands.ts';
import { main } from './program.ts';

await main({ name: 'rabbitmq-plugins', commands: [...PLUGIN_COMMANDS] });
