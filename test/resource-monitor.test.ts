/** Memory and disk against their limits, with a meter that says what the test wants. */
import { totalmem } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { Alarms } from '../src/broker/alarms.ts';
import { ManualClock } from '../src/clock.ts';
import { Config, type Overrides } from '../src/config.ts';
import { createLog } from '../src/log.ts';
import { ProcessMeter } from '../src/process-meter.ts';
import { ResourceMonitor } from '../src/resource-monitor.ts';
import { FakeMeter } from './support/fake-meter.ts';

const MIB = 2 ** 20;

function monitor(options: Overrides = {}) {
  const alarms = new Alarms();
  const meter = new FakeMeter();
  const clock = new ManualClock();
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line.replace(/^.*?\[/, '['));
  const log = createLog({ level: 'info', format: 'plaintext', write });
  const changes: (string | null)[] = [];
  alarms.onChange((reason) => changes.push(reason));
  const made = new ResourceMonitor({ config: Config.from(options), alarms, meter, clock, log });
  /** Looks, and waits for the answer of the disk. */
  const look = async (): Promise<void> => {
    made.look();
    await new Promise(setImmediate);
  };
  return { monitor: made, alarms, meter, clock, lines, changes, look };
}

describe('memory', () => {
  it('may be used up to 0.6 of what there is, as in RabbitMQ', async () => {
    const { monitor: it, alarms, meter, look, lines } = monitor();
    meter.total = 1000 * MIB;
    meter.used = 600 * MIB;
    await look();
    expect([it.memoryLimitBytes, alarms.reason]).toEqual([600 * MIB, null]);
    meter.used = 600 * MIB + 1;
    await look();
    expect(alarms.reason).toBe('low on memory');
    await look();
    meter.used = 300 * MIB;
    await look();
    expect(alarms.reason).toBeNull();
    expect(lines).toEqual([
      '[warning] memory alarm set: 600.0 MiB used, 600.0 MiB allowed; publishers are held back ' +
        'until it is over\n',
      '[warning] memory alarm cleared: 300.0 MiB used, 600.0 MiB allowed\n',
    ]);
  });

  it.each([
    [{ 'vm_memory_high_watermark.relative': 0.25 }, 128 * MIB],
    [{ 'vm_memory_high_watermark.absolute': '1GB' }, 1_000_000_000],
    [
      {
        'vm_memory_high_watermark.relative': 0.5,
        'vm_memory_high_watermark.absolute': '100MiB',
      },
      100 * MIB,
    ],
    [{ total_memory_available_override_value: '10GiB' }, 6 * 1024 * MIB],
  ] as [Overrides, number][])('has its limit from %j', (options, bytes) => {
    expect(monitor(options).monitor.memoryLimitBytes).toBe(bytes);
  });

  it('is always too little if the limit is 0', async () => {
    const { alarms, meter, look } = monitor({ 'vm_memory_high_watermark.relative': 0 });
    meter.used = 1;
    await look();
    expect(alarms.reason).toBe('low on memory');
  });

  it('has a limit that can be changed while the broker runs', async () => {
    const { monitor: it, alarms, meter, look } = monitor();
    meter.used = 100 * MIB;
    it.memoryLimit = { absoluteBytes: 50 * MIB };
    await look();
    expect(alarms.reason).toBe('low on memory');
    it.memoryLimit = { relative: 0.9 };
    await look();
    expect(alarms.reason).toBeNull();
  });
});

describe('disk', () => {
  it('has to have 50 MB free, as in RabbitMQ', async () => {
    const { monitor: it, alarms, meter, look } = monitor();
    meter.free = 50_000_000;
    await look();
    expect([alarms.reason, it.freeDiskBytes]).toEqual([null, 50_000_000]);
    meter.free = 49_999_999;
    await look();
    expect(alarms.reason).toBe('low on disk');
    meter.free = 2 ** 40;
    await look();
    expect(alarms.reason).toBeNull();
  });

  it.each([
    [{ 'disk_free_limit.absolute': '1GiB' }, 1024 * MIB],
    [{ 'disk_free_limit.relative': 2 }, 1024 * MIB],
    [{ 'disk_free_limit.relative': 1.5, 'disk_free_limit.absolute': '1GB' }, 768 * MIB],
  ] as [Overrides, number][])('has its limit from %j', (options, bytes) => {
    expect(monitor(options).monitor.diskLimitBytes).toBe(bytes);
  });

  it('is too little when the store cannot write, whatever is free', async () => {
    const { alarms, meter, look, lines } = monitor();
    meter.failed = true;
    await look();
    expect(alarms.reason).toBe('low on disk');
    meter.failed = false;
    await look();
    expect(alarms.reason).toBeNull();
    expect(lines[0]).toMatch(/disk alarm set: the store cannot write/);
  });

  it('does not matter where nothing is kept, nor while nobody can say', async () => {
    const { alarms, meter, look, lines } = monitor();
    meter.free = null;
    await look();
    expect(alarms.reason).toBeNull();
    meter.trouble = new Error('gone');
    await look();
    expect([alarms.reason, lines.length]).toEqual([null, 1]);
    expect(lines[0]).toMatch(/how much disk is free cannot be found out: gone/);
  });
});

describe('a resource monitor', () => {
  it('looks every 2.5 seconds until it is stopped', async () => {
    const { monitor: it, alarms, meter, clock } = monitor();
    it.start();
    meter.used = 2 ** 40;
    clock.advance(2499);
    expect(alarms.reason).toBeNull();
    clock.advance(1);
    expect(alarms.reason).toBe('low on memory');
    it.stop();
    expect(clock.pending).toBe(0);
  });

  it('names both resources when it is short of both', async () => {
    const { alarms, meter, look, changes } = monitor();
    meter.used = 2 ** 40;
    meter.free = 0;
    await look();
    expect([alarms.isSet('memory'), alarms.isSet('disk')]).toEqual([true, true]);
    meter.used = 0;
    await look();
    meter.free = 2 ** 40;
    await look();
    expect(changes).toEqual(['low on memory', 'low on memory & disk', 'low on disk', null]);
  });
});

describe('the meter of a process', () => {
  it('knows what the machine or the container has, and what the process uses', async () => {
    const meter = new ProcessMeter({ freeBytes: async () => 7 }, () => false);
    expect(meter.totalMemoryBytes()).toBeGreaterThan(0);
    expect(meter.totalMemoryBytes()).toBeLessThanOrEqual(totalmem());
    expect(meter.usedMemoryBytes(2 ** 50)).toBeGreaterThan(10 * MIB);
    expect(await meter.freeDiskBytes()).toBe(7);
    expect(new ProcessMeter(null, () => false).freeDiskBytes()).toBeNull();
  });

  it('does not count garbage that stands against the limit', async () => {
    const meter = new ProcessMeter(null, () => false);
    const before = meter.usedMemoryBytes(1);
    (function waste() {
      for (let i = 0; i < 40; i++) Buffer.alloc(5 * MIB, 1);
    })();
    const limit = before + 60 * MIB;
    // V8 gives buffers back on a thread of its own.
    await vi.waitFor(() => {
      expect(new ProcessMeter(null, () => false).usedMemoryBytes(limit)).toBeLessThan(limit);
    }, 10_000);
  });
});
