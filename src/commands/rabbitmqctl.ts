#!/usr/bin/env node
/**
 * The command `rabbitmqctl`: manages users, vhosts, permissions, policies and queues of a broker.
 * The grammar, formats and exit codes are RabbitMQ's; see program.ts.
 */
import { ACCESS_COMMANDS } from './access-commands.ts';
import { APP_COMMANDS } from './app-commands.ts';
import { LIST_COMMANDS } from './list-commands.ts';
import { CONTROL_COMMANDS, NODE_COMMANDS } from './node-commands.ts';
import { POLICY_COMMANDS } from './policy-commands.ts';
import { main } from './program.ts';

await main({
  name: 'rabbitmqctl',
  commands: [
    ...NODE_COMMANDS,
    ...CONTROL_COMMANDS,
    ...APP_COMMANDS,
    ...LIST_COMMANDS,
    ...ACCESS_COMMANDS,
    ...POLICY_COMMANDS,
  ],
});
