/**
 * The example programs, run as a user would run them, and what they print. Their queues have
 * fixed names, so a broker that is used by others is not the place to try them.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startTestBroker, type TestBroker } from '../support/broker.ts';
import { type Outcome, run } from '../support/program.ts';
import { pythonWith, runPython, testWith, testWithPika } from '../support/python.ts';
import { Scratch } from '../support/scratch.ts';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples');
const NAMES = ['orders', 'orders_dlx', 'order_processing', 'failed_orders'];
const CELERY_NAMES = ['celery_orders', 'celery_orders_dlx', 'order_tasks'];
const MORE_NAMES = ['tasks', 'dlx', 'task_queue', 'dead_letters'];

/** Debian's sources, and no network. */
const GO = {
  GO111MODULE: 'off',
  GOPATH: '/usr/share/gocode',
  GOCACHE: join(tmpdir(), 'warren-go-cache'),
  GOFLAGS: '',
};

vi.setConfig({ testTimeout: 250_000 });

const scratch = new Scratch();
let broker: TestBroker;
beforeAll(async () => {
  broker = await startTestBroker();
});
afterAll(async () => {
  for (const name of [...NAMES, ...CELERY_NAMES, ...MORE_NAMES]) scratch.claim(name);
  await scratch.clean(broker.url);
  await broker.stop();
});

/** The lines that begin with these words, without the rest of the output. */
function lines({ stdout }: Outcome, beginning: string): string[] {
  return stdout.split('\n').filter((line) => line.startsWith(beginning));
}

testWithPika('The Python orders are processed by priority and die with their story.', async () => {
  for (let turn = 0; turn < 2; turn++) await runOrders();
});

async function runOrders(): Promise<void> {
  const script = join(EXAMPLES, 'python-orders', 'orders.py');
  const outcome = await runPython([script], { AMQP_URL: broker.url });
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  checkOrders(outcome);
}

function checkOrders(outcome: Outcome): void {
  expect(lines(outcome, 'published')).toHaveLength(6);
  const seen = [...outcome.stdout.matchAll(/^(?:processed|failed) order (\d)/gm)].map((m) => m[1]);
  expect(seen).toEqual(['5', '3', '2', '4', '6', '1']);
  const death =
    'reason=rejected queue=order_processing exchange=orders routing-keys=order.eu.created count=1';
  expect(lines(outcome, 'dead letter')).toEqual([
    `dead letter order 3 ${death}`,
    `dead letter order 6 ${death}`,
  ]);
  expect(outcome.stdout.trimEnd()).toMatch(/all orders accounted for$/);
}

test('The Node tasks survive a killed worker, are retried twice and then given up.', async () => {
  for (let turn = 0; turn < 2; turn++) await runTasks();
});

async function runTasks(): Promise<void> {
  const script = join(EXAMPLES, 'node-tasks', 'tasks.mjs');
  const outcome = await run(process.execPath, [script], { AMQP_URL: broker.url });
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(lines(outcome, 'worker 1')).toEqual(['worker 1 died holding 10 deliveries']);
  expect(lines(outcome, 'task ').sort()).toEqual(
    [
      ...[2, 3, 6, 7, 10, 11].map((id) => `task ${id} done after 0 retries`),
      ...[1, 5, 9].map((id) => `task ${id} done after 1 retries`),
      ...[4, 8, 12].map((id) => `task ${id} given up after 2 retries`),
    ].sort(),
  );
  const death = 'reason=rejected queue=task_queue exchange=tasks routing-keys=task count=1';
  expect(lines(outcome, 'dead letter').sort()).toEqual(
    [4, 8, 12].map((id) => `dead letter task ${id} ${death}`).sort(),
  );
  expect(outcome.stdout).toContain('10 abandoned, 10 redelivered, 3 dead');
  expect(outcome.stdout.trimEnd()).toMatch(/all tasks accounted for$/);
}

/** The same story in other languages: how each is run, and what says that it can be. */
const OTHERS = [
  {
    what: 'PHP',
    probe: ['php', '-r', "require_once 'PhpAmqpLib/autoload.php';"],
    command: ['php', join(EXAMPLES, 'php-orders', 'orders.php')],
    packages: 'php-cli php-amqplib',
  },
  {
    what: 'Ruby',
    probe: ['ruby', '-e', "require 'bunny'"],
    command: ['ruby', join(EXAMPLES, 'ruby-orders', 'orders.rb')],
    packages: 'ruby-bunny',
  },
  {
    what: 'Go',
    probe: ['sh', '-c', 'go version && ls /usr/share/gocode/src/github.com/rabbitmq/amqp091-go'],
    command: ['go', 'run', join(EXAMPLES, 'go-orders', 'orders.go')],
    packages: 'golang-go golang-github-rabbitmq-amqp091-go-dev',
  },
] as const;

for (const { what, probe, command, packages } of OTHERS) {
  const found = spawnSync(probe[0], probe.slice(1), { timeout: 60_000 }).status === 0;
  const testIt = testWith(found ? probe[0] : null, `the example in ${what}`, packages);
  testIt(`The ${what} orders are processed by priority and die with their story.`, async () => {
    for (let turn = 0; turn < 2; turn++) {
      const env = { AMQP_URL: broker.url, ...GO };
      const outcome = await run(command[0], command.slice(1), env, '', 120_000);
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      checkOrders(outcome);
    }
  });
}

const celery = pythonWith('celery');
testWith(
  celery,
  'the example for Celery',
  'python3-celery',
)('The Celery orders are retried, or rejected and found among the dead.', async () => {
  const script = join(EXAMPLES, 'celery-orders', 'orders.py');
  const env = { AMQP_URL: broker.url, PYTHONDONTWRITEBYTECODE: '1' };
  const outcome = await run(celery as string, [script], env, '', 120_000);
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(lines(outcome, 'processed')).toEqual(
    ['1 after 0', '2 after 0', '4 after 2', '5 after 0'].map((end) => {
      return `processed order ${end} retries`;
    }),
  );
  expect(lines(outcome, 'dead letter').sort()).toEqual(
    [3, 6].map((id) => `dead letter order ${id} reason=rejected queue=order_tasks`),
  );
});

const EMBEDDED = join(EXAMPLES, 'embedded');

test('The broker inside a test of node:test expires by a clock that the test moves.', async () => {
  const outcome = await run(process.execPath, ['--test', join(EMBEDDED, 'expiry.node-test.mjs')]);
  expect(outcome.code, outcome.stdout).toBe(0);
  expect(outcome.stdout).toContain('pass 1');
});

test('The broker inside tests of vitest is a new one for each.', async () => {
  const vitest = join(createRequire(import.meta.url).resolve('vitest/package.json'), '..');
  const args = [join(vitest, 'vitest.mjs'), 'run', '--root', EMBEDDED];
  const outcome = await run(
    process.execPath,
    args,
    { NO_COLOR: '1', TEST_REPORT: '' },
    '',
    120_000,
  );
  expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
  expect(outcome.stdout).toMatch(/Tests +2 passed/);
});

test('An example that finds no broker says so and fails.', async () => {
  const script = join(EXAMPLES, 'node-tasks', 'tasks.mjs');
  const outcome = await run(process.execPath, [script], { AMQP_URL: 'amqp://127.0.0.1:1' });
  expect(outcome.code).toBe(1);
  expect(outcome.stderr).toContain('ECONNREFUSED');
});
