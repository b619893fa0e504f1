import { describe, expect, test } from 'vitest';
import type { CatalogHost, Change, Command } from '../../src/broker/catalog.ts';
import { decodeCommand, encodeCommand } from '../../src/broker/command-text.ts';
import type { Log } from '../../src/log.ts';
import { lineOf } from '../../src/storage/catalog-line.ts';
import { CatalogLog } from '../../src/storage/catalog-log.ts';
import { MemoryFiles } from '../support/memory-files.ts';

/** An engine that knows users only: a map, and the commands in the order they came. */
class Host implements CatalogHost {
  readonly users = new Map<string, Command>();
  readonly applied: string[] = [];

  apply(command: Command): void {
    if (command.op === 'user.put') {
      if (command.record.name === 'impossible') throw new Error('no such user can be');
      this.users.set(command.record.name, command);
      this.applied.push(command.record.name);
    } else if (command.op === 'user.delete') {
      this.users.delete(command.name);
      this.applied.push(`-${command.name}`);
    } else if (command.op === 'queue.put') {
      this.applied.push(`queue ${command.record.name}`);
    } else {
      throw new Error(`unknown command ${command.op}`);
    }
  }

  *snapshot(): Generator<Command> {
    yield* this.users.values();
  }

  outlives(change: Change): boolean {
    return change.op !== 'user.put' || change.record.name !== 'fleeting';
  }

  get names(): string[] {
    return [...this.users.keys()];
  }
}

class Rig {
  readonly host = new Host();
  readonly lines: string[] = [];
  readonly catalog: CatalogLog;
  readonly files: MemoryFiles;

  constructor(files = new MemoryFiles()) {
    this.files = files;
    const line = (level: string) => (text: string) => void this.lines.push(`${level} ${text}`);
    const log: Log = {
      debug: line('debug'),
      info: line('info'),
      warning: line('warning'),
      error: line('error'),
    };
    const codec = { encode: encodeCommand, decode: decodeCommand };
    this.catalog = new CatalogLog({ files, codec, log });
  }

  static async open(files?: MemoryFiles): Promise<Rig> {
    const rig = new Rig(files);
    await rig.catalog.open(rig.host);
    return rig;
  }

  get troubles(): string[] {
    return this.lines.filter((line) => /^(warning|error)/.test(line));
  }
}

function put(name: string, tags: readonly string[] = []): Command {
  return { version: 1, op: 'user.put', record: { name, passwordHash: null, tags } } as Command;
}

function drop(name: string): Command {
  return { version: 1, op: 'user.delete', name };
}

describe('a catalog in a file', () => {
  test('has everything back that was answered, after a kill and after a power cut', async () => {
    for (const end of ['killed', 'powerCut'] as const) {
      const rig = await Rig.open();
      await rig.catalog.propose(put('a'));
      await Promise.all([rig.catalog.propose(put('b')), rig.catalog.propose(put('c'))]);
      await rig.catalog.propose(drop('b'));
      const again = await Rig.open(rig.files[end]());
      expect(again.host.names).toEqual(['a', 'c']);
      expect(again.troubles).toEqual([]);
    }
  });

  test('applies in the order of the calls, and not before the disk has it', async () => {
    const { host, files, catalog } = await Rig.open();
    const synced = files.calls.sync;
    const answers = [put('a'), put('fleeting'), put('b'), drop('a')].map((command) =>
      catalog.propose(command).then(() => files.calls.sync > synced),
    );
    expect(host.applied).toEqual([]);
    expect(await Promise.all(answers)).toEqual([true, true, true, true]);
    expect(host.applied).toEqual(['a', 'fleeting', 'b', '-a']);
  });

  test('writes together what is proposed together', async () => {
    const { files, catalog } = await Rig.open();
    const synced = files.calls.sync;
    const names = Array.from({ length: 500 }, (_, i) => `user ${i}`);
    await Promise.all(names.map((name) => catalog.propose(put(name))));
    expect(files.calls.sync - synced).toBeLessThanOrEqual(2);
  });

  test('only applies what does not outlive the process, at once if nothing is before it', async () => {
    const { host, files, catalog } = await Rig.open();
    const written = files.writtenBytes;
    const answer = catalog.propose(put('fleeting'));
    expect(host.names).toEqual(['fleeting']);
    await answer;
    expect(files.writtenBytes).toBe(written);
  });

  test('does not apply what could not be kept, says so, and goes on when it can', async () => {
    const { host, files, catalog, troubles: _, ...rig } = await Rig.open();
    await catalog.propose(put('a'));
    files.faults.syncFailures = 1;
    await expect(catalog.propose(put('b'))).rejects.toThrow('EIO');
    expect(host.names).toEqual(['a']);
    expect(rig.lines.join()).toContain('error the catalog could not be written');
    await catalog.propose(put('c'));
    expect([...files.syncedAfterFailure]).toEqual([]);
    expect((await Rig.open(files.powerCut())).host.names).toEqual(['a', 'c']);
  });

  test('is whole after the disk was full', async () => {
    const { files, catalog } = await Rig.open();
    await catalog.propose(put('a'));
    files.faults.freeBytes = 10;
    await expect(catalog.propose(put('b'))).rejects.toThrow();
    await expect(catalog.propose(put('c'))).rejects.toThrow();
    files.faults.freeBytes = Number.POSITIVE_INFINITY;
    await catalog.propose(put('d'));
    const again = await Rig.open(files.powerCut());
    expect(again.host.names).toEqual(['a', 'd']);
    expect(again.troubles).toEqual([]);
  });

  test('a command that the engine refuses is not there at the next start', async () => {
    const { files, catalog } = await Rig.open();
    await expect(catalog.propose(put('impossible'))).rejects.toThrow('no such user');
    await catalog.propose(put('a'));
    const again = await Rig.open(files.killed());
    expect(again.host.names).toEqual(['a']);
    expect(again.troubles).toEqual([]);
  });
});

describe('the file of a catalog', () => {
  test('is replaced by what it amounts to when it has grown', async () => {
    const { files, catalog } = await Rig.open();
    for (let i = 0; i < 3000; i++) {
      await Promise.all([catalog.propose(put('a', [`${i}`])), catalog.propose(drop('b'))]);
    }
    expect(catalog.rewrites).toBeGreaterThan(1);
    expect(files.bytes).toBeLessThan(100_000);
    const again = await Rig.open(files.powerCut());
    expect(again.host.users.get('a')).toEqual(put('a', ['2999']));
    expect(files.fileNames).toEqual(['catalog']);
  });

  test('survives a power cut at any moment of its replacement', async () => {
    for (let seed = 0; seed < 60; seed++) {
      const { files, catalog } = await Rig.open(new MemoryFiles(seed));
      const padding = 'x'.repeat(20_000);
      const answered: string[] = [];
      const note = (name: string) =>
        catalog.propose(put(name, [padding])).then(() => answered.push(name));
      for (let i = 0; i < 20; i++) void note(`user ${i % 3}`).catch(() => {});
      for (let turn = 0; turn < seed; turn++) await new Promise((done) => setImmediate(done));
      const seen = new Set(answered);
      const again = await Rig.open(files.powerCut());
      expect(again.host.names).toEqual(expect.arrayContaining([...seen]));
    }
  });

  test('never gives out a queue id again, though its queue is gone from the file', async () => {
    const { files, catalog } = await Rig.open();
    const record = { vhost: '/', name: 'q', owner: null, autoDelete: false, arguments: new Map() };
    const ids = [1, 2, 3].map(() => catalog.allocateQueueId());
    for (const id of ids) {
      await catalog.propose({
        version: 1,
        op: 'queue.put',
        record: { ...record, id, durable: true },
      });
    }
    const again = await Rig.open(files.killed());
    expect(again.catalog.allocateQueueId()).toBe(4);
    again.catalog.reserveQueueIds(17);
    again.files.faults.syncFailures = 1;
    await again.catalog.propose(put('a')).catch(() => {});
    await again.catalog.propose(put('b'));
    expect((await Rig.open(again.files.killed())).catalog.allocateQueueId()).toBe(18);
  });

  test('a torn end is taken off, and what comes after it is read', async () => {
    const { files, catalog } = await Rig.open();
    await catalog.propose(put('a'));
    const whole = files.content('catalog');
    for (const tail of ['deadbeef {"op', '\0'.repeat(100), 'x', '']) {
      const torn = new MemoryFiles();
      torn.put(
        'catalog',
        Buffer.concat([whole.subarray(0, tail === '' ? -1 : undefined), Buffer.from(tail)]),
      );
      const rig = await Rig.open(torn);
      await rig.catalog.propose(put('b'));
      const again = await Rig.open(torn.killed());
      expect(again.host.names).toEqual(['a', 'b']);
      expect(again.troubles).toEqual([]);
    }
  });

  test('damage costs a record, is reported and kept for inspection, and is reported once', async () => {
    const { files, catalog } = await Rig.open();
    for (const name of ['a', 'b', 'c']) await catalog.propose(put(name));
    const content = files.content('catalog');
    content.write('?', content.indexOf('"b"'));
    const damaged = new MemoryFiles();
    damaged.put('catalog', content);
    const rig = new Rig(damaged);
    expect(await rig.catalog.open(rig.host)).toEqual({ complete: false });
    expect(rig.host.names).toEqual(['a', 'c']);
    expect(rig.lines.join()).toContain('one record is lost');
    expect(damaged.content('catalog.damaged')).toEqual(content);
    const again = await Rig.open(damaged.killed());
    expect(again.host.names).toEqual(['a', 'c']);
    expect(again.troubles).toEqual([]);
  });

  test('commands of a newer program are skipped, reported, and kept for it', async () => {
    const { files, catalog } = await Rig.open();
    await catalog.propose(put('a'));
    const newer = ['{"version":9,"op":"teleport.put","name":"t"}', '{"v":{"$":"qubit","v":0}}'];
    const content = Buffer.concat([
      files.content('catalog'),
      Buffer.from(newer.map(lineOf).join('')),
    ]);
    let folder = new MemoryFiles();
    folder.put('catalog', content);
    for (let start = 0; start < 3; start++) {
      const rig = new Rig(folder);
      expect(await rig.catalog.open(rig.host)).toEqual({ complete: false });
      expect(rig.troubles).toHaveLength(2);
      rig.files.faults.syncFailures = 1;
      await rig.catalog.propose(put('b')).catch(() => {});
      await rig.catalog.propose(put('c'));
      expect(rig.catalog.rewrites).toBe(1);
      folder = folder.killed();
      for (const text of newer) expect(folder.content('catalog').toString()).toContain(text);
    }
  });

  test('closes when everything that was proposed is answered, and takes nothing more', async () => {
    const { files, catalog } = await Rig.open();
    const answer = catalog.propose(put('a'));
    await catalog.close();
    await answer;
    await expect(catalog.propose(put('b'))).rejects.toThrow('closed');
    expect(files.openFiles).toBe(0);
  });
});
