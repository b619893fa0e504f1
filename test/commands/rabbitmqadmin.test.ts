/**
 * Our rabbitmqadmin beside the script that Debian's rabbitmq-server brings: the same command lines
 * against the same broker, and the same output, word for word.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runAdmin } from '../../src/commands/rabbitmqadmin.ts';
import { type ApiBroker, startApi } from '../support/management.ts';
import { run } from '../support/program.ts';
import { testWith } from '../support/python.ts';

const SCRIPT = ['/usr/bin/rabbitmqadmin', '/usr/sbin/rabbitmqadmin'].find((it) => existsSync(it));
const testBeside = testWith(SCRIPT ?? null, 'rabbitmqadmin', 'rabbitmq-server');

let broker: ApiBroker;
let folder: string;
let login: string[];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'warren-admin-'));
  broker = await startApi({ config: { data_dir: path.join(folder, 'data') } });
  login = ['-H', '127.0.0.1', '-P', String(broker.apiPort), '-u', 'guest', '-p', 'guest'];
});

afterAll(async () => {
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function ours(...words: readonly string[]): Promise<Outcome> {
  const written = { out: '', err: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      written[stream === 'stdout' ? 'out' : 'err'] += String(text);
      return true;
    }),
  );
  try {
    return { code: await runAdmin(words), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

async function theirs(...words: readonly string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await run('/usr/bin/python3', [SCRIPT as string, ...words]);
  return { code, out: stdout, err: stderr };
}

/** What changes something: the script's words, said by ours, then undone. */
const CHANGES: readonly (readonly [words: string, said: string])[] = [
  ['declare vhost name=v', 'vhost declared'],
  ['declare user name=u password=p tags=monitoring', 'user declared'],
  ['declare permission vhost=v user=u configure=.* write=.* read=.*', 'permission declared'],
  ['-V v declare exchange name=x type=topic', 'exchange declared'],
  ['-V v declare queue name=q durable=false arguments={"x-max-length":10}', 'queue declared'],
  ['-V v declare queue name=safe queue_type=quorum', 'queue declared'],
  ['-V v declare binding source=x destination=q routing_key=a.#', 'binding declared'],
  ['-V v declare policy name=p pattern=^q definition={"max-length":3}', 'policy declared'],
  ['declare vhost_limit vhost=v name=max-queues value=5', 'vhost_limit declared'],
  ['-V v publish exchange=x routing_key=a.1 payload=hello', 'Message published'],
  ['-V v publish routing_key=nowhere payload=x', 'Message published but NOT routed'],
];

const LISTS = [
  'list vhosts',
  'list users',
  'list queues',
  '-V v list queues name durable arguments.x-max-length',
  '-V v list bindings',
  '-f tsv list exchanges name type durable',
  '-f tsv -q -V v list queues name messages',
  '-f kvp -V v list queues name messages',
  '-f bash -V v list queues',
  '-f long -V v list queues name durable',
  '-f pretty_json -V v list queues name durable messages',
  '-f raw_json -V v list queues name',
  '-S name -R -V v list queues name',
  'list policies',
  'list vhost_limits',
  'list permissions',
  'list connections',
  '-q list connections',
  'show overview',
  'show overview cluster_name object_totals.queues',
];

const MISTAKES = [
  'declare queue',
  'declare queue name',
  'declare queue name=q colour=red',
  'declare nothing name=q',
  'frobnicate',
  'list nothing',
  '-V v get queue=none',
  '-V none purge queue name=q',
  '-V v declare queue name=q durable=true',
  'declare queue name=q arguments={',
];

describe('beside the script', () => {
  test.each(CHANGES)('%s: %s', async (words, said) => {
    expect(await ours(...login, ...words.split(' '))).toEqual({
      code: 0,
      out: `${said}\n`,
      err: '',
    });
  });

  for (const words of LISTS) {
    testBeside(`${words} prints the same`, async () => {
      const line = [...login, ...words.split(' ')];
      const [expected, found] = [await theirs(...line), await ours(...line)];
      expect(found).toEqual(expected);
      expect(found.code).toBe(0);
    });
  }

  testBeside('a message that was there before is shown the same', async () => {
    const line = [...login, '-V', 'v', 'get', 'queue=q'];
    expect((await ours(...line)).out).toContain('hello');
    const [expected, found] = [await theirs(...line), await ours(...line)];
    expect(found).toEqual(expected);
  });

  for (const words of MISTAKES) {
    testBeside(`${words} is refused in the same way`, async () => {
      const line = [...login, ...words.split(' ')];
      const [expected, found] = [await theirs(...line), await ours(...line)];
      expect([found.code, found.out]).toEqual([expected.code, expected.out]);
      const first = ({ err }: Outcome) => err.trim().split('\n')[0];
      expect(first(found)).toBe(first(expected));
    });
  }

  test('definitions go out to a file and come in from it', async () => {
    const file = path.join(folder, 'definitions.json');
    expect((await ours(...login, 'export', file)).out).toContain('Exported definitions for');
    const document = JSON.parse(readFileSync(file, 'utf8'));
    document.queues.push({ name: 'from-file', vhost: '/', durable: true, auto_delete: false });
    writeFileSync(file, JSON.stringify(document));
    expect((await ours(...login, 'import', file)).code).toBe(0);
    expect((await ours(...login, '-q', '-f', 'tsv', 'list', 'queues')).out).toContain('from-file');
  });

  test('a message goes into a file', async () => {
    const file = path.join(folder, 'payload');
    const get = ['-V', 'v', 'get', 'queue=q', 'ackmode=ack_requeue_false'];
    const { out } = await ours(...login, ...get, `payload_file=${file}`);
    expect(readFileSync(file, 'utf8')).toBe('hello');
    expect(out).not.toContain('hello');
  });

  test('things are purged, closed and deleted', async () => {
    for (const [words, said] of [
      ['-V v purge queue name=q', 'queue purged'],
      [
        '-V v delete binding source=x destination_type=queue destination=q properties_key=a.%23',
        'binding deleted',
      ],
      ['-V v delete queue name=q', 'queue deleted'],
      ['-V v delete policy name=p', 'policy deleted'],
      ['delete user name=u', 'user deleted'],
      ['delete vhost name=v', 'vhost deleted'],
    ] as const) {
      expect((await ours(...login, ...words.split(' '))).out, words).toBe(`${said}\n`);
    }
  });
});

test('on the broker’s machine it needs no password', async () => {
  const local = ['--data-dir', path.join(folder, 'data'), '-q', '-f', 'tsv'];
  expect((await ours(...local, 'list', 'users', 'name')).out).toBe('guest\n');
});

test('it runs as a program, and says what it can do', async () => {
  const file = path.join(import.meta.dirname, '../../src/commands/rabbitmqadmin.ts');
  const { code, stdout } = await run(process.execPath, [file, '--help']);
  expect([code, stdout]).toEqual([0, expect.stringContaining('Usage: rabbitmqadmin')]);
  expect((await ours('-H', '127.0.0.1', '-P', '1', 'list', 'users')).code).toBe(1);
});
