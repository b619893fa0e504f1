/**
 * Commands that stop the broker of a node and leave its process, start it again, and make it as
 * new meanwhile: RabbitMQ's application of a node. See src/broker-node.ts.
 */
import { isRunning } from './client.ts';
import { type Command, CommandError, EXIT, type Invocation, NOTHING } from './command.ts';

/** How often a command that waits looks again. */
const LOOK_MS = 50;

async function stopApp({ api, node, timeoutMs }: Invocation) {
  await api.change('POST', '/control/app/stop');
  const until = Date.now() + timeoutMs;
  for (;;) {
    // The socket is away for a moment, while the one who answers it changes.
    const running = await isRunning(api).catch(() => true);
    if (!running) return NOTHING;
    if (Date.now() > until) {
      throw new CommandError(EXIT.unavailable, `Error: the broker of ${node} has not stopped yet`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function reset({ api }: Invocation) {
  if (await isRunning(api)) {
    throw new CommandError(
      EXIT.usage,
      "Error:\nthis command requires the 'rabbit' app to be stopped on the target node. " +
        "Stop it with 'rabbitmqctl stop_app'.",
    );
  }
  await api.change('POST', '/control/app/reset');
  return NOTHING;
}

/** Of rabbitmqctl. */
export const APP_COMMANDS: readonly Command[] = [
  {
    usage: 'stop_app',
    help: 'Sends clients away and closes all ports; the process stays.',
    banner: ({ node }) => `Stopping rabbit application on node ${node} ...`,
    run: stopApp,
  },
  {
    usage: 'start_app',
    help: 'Starts the broker again after stop_app.',
    banner: ({ node }) => `Starting node ${node} ...`,
    run: async ({ api }) => {
      await api.change('POST', '/control/app/start');
      return NOTHING;
    },
  },
  {
    usage: 'reset',
    help: 'Deletes all messages and definitions; after stop_app only.',
    banner: ({ node }) => `Resetting node ${node} ...`,
    run: reset,
  },
  {
    usage: 'force_reset',
    help: 'The same as reset: there is no cluster that it could leave.',
    banner: ({ node }) => `Forcefully resetting node ${node} ...`,
    run: reset,
  },
];
