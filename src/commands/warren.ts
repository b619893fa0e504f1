/**
 * The subcommands of `warren`: everything that the tools with RabbitMQ's names can do, under one
 * name. `warren` alone, or `warren start`, is the broker: main.ts.
 */
import { ACCESS_COMMANDS } from './access-commands.ts';
import { APP_COMMANDS } from './app-commands.ts';
import { CHECK_COMMANDS } from './check-commands.ts';
import type { Command } from './command.ts';
import { INSPECT_COMMANDS } from './inspect-commands.ts';
import { LIST_COMMANDS } from './list-commands.ts';
import { CONTROL_COMMANDS, NODE_COMMANDS } from './node-commands.ts';
import { POLICY_COMMANDS } from './policy-commands.ts';
import { run } from './program.ts';
import { REDRIVE_COMMANDS } from './redrive-commands.ts';
import { TRACE_COMMAND } from './trace-command.ts';
import { WEBHOOK_COMMANDS } from './webhook-commands.ts';

const COMMANDS: readonly Command[] = [
  ...NODE_COMMANDS,
  ...CONTROL_COMMANDS,
  ...APP_COMMANDS,
  ...CHECK_COMMANDS,
  ...LIST_COMMANDS,
  ...ACCESS_COMMANDS,
  ...POLICY_COMMANDS,
  ...INSPECT_COMMANDS,
  TRACE_COMMAND,
  ...REDRIVE_COMMANDS,
  ...WEBHOOK_COMMANDS,
];

/** Runs a subcommand. Returns the exit code. */
export function runCommand(argv: readonly string[]): Promise<number> {
  // `warren list-queues` reads better; RabbitMQ's words work too.
  const [word = '', ...rest] = argv;
  return run({ name: 'warren', commands: COMMANDS }, [word.replaceAll('-', '_'), ...rest]);
}
