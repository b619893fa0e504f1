/** The parts of bench/ that need no broker: frames, counters, options, summaries, tables. */
import { describe, expect, it } from 'vitest';
import { ConfirmCounter } from '../bench/confirm-counter.ts';
import { DeliveryCounter } from '../bench/delivery-counter.ts';
import {
  ACK_BYTES,
  ackFrame,
  describeFrame,
  frame,
  frameAt,
  longlong,
  longstr,
  METHOD,
  methodFrame,
  octet,
  publishUnit,
  serverProperties,
  short,
  shortstr,
} from '../bench/frames.ts';
import { hotSpots } from '../bench/hot-spots.ts';
import type { Run } from '../bench/measurement.ts';
import { parseOptions } from '../bench/options.ts';
import { digits, table, thousands, times } from '../bench/report.ts';
import { median, percentile } from '../bench/statistics.ts';
import { cpu, rate, ratio, summarize, verdicts } from '../bench/summary.ts';

describe('frames', () => {
  it('encodes a publish as the bytes of the specification [AMQP 4.2.3, 4.2.6]', () => {
    const unit = publishUnit({
      exchange: 'x',
      routingKey: 'key',
      body: Buffer.from('hello'),
      persistent: true,
    });
    const method = '0100010000000d' + '003c0028' + '0000' + '0178' + '036b6579' + '00' + 'ce';
    const header = '0200010000000f' + '003c0000' + '0000000000000005' + '1000' + '02' + 'ce';
    const body = '03000100000005' + '68656c6c6f' + 'ce';
    expect(unit.toString('hex')).toBe(method + header + body);
  });

  it('encodes basic.ack in 21 octets with the tag where Acker patches it', () => {
    const bytes = ackFrame(0x01020304, true);
    expect(bytes.toString('hex')).toBe('0100010000000d' + '003c0050' + '0000000001020304' + '01ce');
    expect(bytes.length).toBe(ACK_BYTES);
  });

  it('reads a frame only when all of it is there, and refuses one without its end', () => {
    const whole = Buffer.concat([Buffer.of(0xff), ackFrame(7, false)]);
    for (let length = 1; length < whole.length; length += 1) {
      expect(frameAt(whole.subarray(0, length), 1)).toBeNull();
    }
    expect(frameAt(whole, 1)?.payload.length).toBe(13);
    whole[whole.length - 1] = 0;
    expect(() => frameAt(whole, 1)).toThrow('no frame-end');
  });

  it('names the code and text of a channel.close', () => {
    const bytes = methodFrame(1, METHOD.channelClose, short(404), shortstr('NOT_FOUND - x'));
    expect(describeFrame(frameAt(bytes, 0)!)).toBe('channelClose 404 NOT_FOUND - x');
  });

  it('finds product and version between nested tables and other types', () => {
    const flags = Buffer.concat([shortstr('a'), Buffer.from('t'), octet(1)]);
    const capabilities = Buffer.concat([Buffer.from('F'), longstr(flags.toString('latin1'))]);
    const fields = Buffer.concat([
      ...[shortstr('capabilities'), capabilities],
      ...[shortstr('product'), Buffer.from('S'), longstr('RabbitMQ')],
      ...[shortstr('version'), Buffer.from('S'), longstr('4.0.5')],
    ]);
    const method = Buffer.alloc(6);
    const start = Buffer.concat([method, longstr(fields.toString('latin1')), longstr('PLAIN')]);
    expect(serverProperties(start).get('product')).toBe('RabbitMQ');
    expect(serverProperties(start).get('version')).toBe('4.0.5');
  });
});

/** One delivery as a broker would write it, consumer tag `c`. */
function delivery(tag: number): Buffer {
  const fields = [shortstr('c'), longlong(tag), octet(0), shortstr(''), shortstr('q')];
  const header = Buffer.concat([short(60), short(0), longlong(4), short(0)]);
  return Buffer.concat([
    methodFrame(1, METHOD.basicDeliver, ...fields),
    frame(2, 1, header),
    frame(3, 1, Buffer.from('body')),
  ]);
}

const form = { bytes: delivery(1).length, tagOffset: 13, bodyOffset: 0 };

/** Feeds `bytes` in chunks of `size`. */
function feed(
  counter: { receive(bytes: Buffer, length: number): void },
  bytes: Buffer,
  size: number,
): void {
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size);
    counter.receive(chunk, chunk.length);
  }
}

describe('DeliveryCounter', () => {
  it('counts the same deliveries however the bytes are cut', () => {
    const bytes = Buffer.concat(Array.from({ length: 20 }, (_, index) => delivery(index + 2)));
    for (let size = 1; size <= bytes.length; size += 1) {
      const counter = new DeliveryCounter(form, 1);
      feed(counter, bytes, size);
      expect([counter.count, counter.aligned]).toEqual([21, true]);
    }
  });

  it('refuses a delivery whose tag is not the next one', () => {
    const counter = new DeliveryCounter(form, 1);
    expect(() => feed(counter, delivery(3), 1000)).toThrow('delivery tag 3 instead of 2');
  });

  it('refuses a channel.close that comes between deliveries', () => {
    const close = methodFrame(1, METHOD.channelClose, short(406), shortstr('no'), short(0));
    const counter = new DeliveryCounter(form, 1);
    const bytes = Buffer.concat([delivery(2), close]);
    expect(() => feed(counter, bytes, 1000)).toThrow('channelClose 406 no');
  });

  it('refuses a channel.close that is longer than a delivery', () => {
    const text = shortstr('x'.repeat(200));
    const close = methodFrame(1, METHOD.channelClose, short(406), text, short(0));
    const counter = new DeliveryCounter(form, 1);
    expect(() => feed(counter, close, 1000)).toThrow('not a delivery');
  });
});

describe('ConfirmCounter', () => {
  it('counts single, multiple and early confirms once each, however the bytes are cut', () => {
    const acks = [
      [1, false],
      [4, false],
      [3, true],
      [7, false],
      [6, false],
      [9, true],
    ] as const;
    const bytes = Buffer.concat(acks.map(([tag, multiple]) => ackFrame(tag, multiple)));
    for (let size = 1; size <= bytes.length; size += 1) {
      const counter = new ConfirmCounter();
      feed(counter, bytes, size);
      expect(counter.count).toBe(9);
    }
  });

  it('counts an early confirm before the gap below it is closed', () => {
    const counter = new ConfirmCounter();
    feed(counter, ackFrame(3, false), 1000);
    expect(counter.count).toBe(1);
  });

  it('refuses a publish that is confirmed twice', () => {
    for (const second of [2, 1]) {
      const counter = new ConfirmCounter();
      feed(counter, Buffer.concat([ackFrame(1, false), ackFrame(2, false)]), 1000);
      expect(() => feed(counter, ackFrame(second, false), 1000)).toThrow('confirmed twice');
    }
  });

  it('refuses basic.nack', () => {
    const nack = methodFrame(1, METHOD.basicNack, longlong(1), octet(0));
    expect(() => feed(new ConfirmCounter(), nack, 1000)).toThrow('not a confirm: basicNack');
  });
});

describe('options', () => {
  it('names scenarios without their spaces, and two checkouts by name', () => {
    const args = ['--scenario', 'a16tauto,lat5k_p', '--warren', 'new=/a', '--warren', 'old=/b'];
    const options = parseOptions(args, '/repository');
    expect(options.scenarios.map(({ name }) => name)).toEqual(['a 16 t auto', 'lat5k p']);
    expect(options.checkouts).toEqual([
      { name: 'new', path: '/a' },
      { name: 'old', path: '/b' },
    ]);
  });

  it('starts this checkout and RabbitMQ 4 unless told otherwise', () => {
    const options = parseOptions([], '/repository');
    expect(options.checkouts).toEqual([{ name: 'warren', path: '/repository' }]);
    expect(options.peers).toEqual(['rabbitmq4']);
    expect(parseOptions(['--brokers', 'rabbitmq3'], '/repository').checkouts).toEqual([]);
  });

  it('takes a running broker as NAME=PORT:PID', () => {
    const { attachments } = parseOptions(['--attach', 'lavin=5672:42'], '/repository');
    expect(attachments).toEqual([{ name: 'lavin', port: 5672, pid: 42 }]);
  });

  it.each([
    [['--scenario', 'a17'], "no scenario 'a17'"],
    [['--attach', 'x=1'], 'NAME=PORT:PID'],
    [['--reps', 'many'], '--reps many'],
    [['--warren', '/a', '--warren', '/b'], 'two brokers are named warren'],
    [['--sceanrio', 'x'], 'sceanrio'],
  ])('refuses %j', (args, text) => {
    expect(() => parseOptions(args, '/repository')).toThrow(text);
  });
});

/** A run of one second. */
function run(
  broker: string,
  repetition: number,
  messages: number,
  cpuSeconds: number | null,
  scenario = 'a 16 t auto',
): Run {
  const measured = {
    messages,
    seconds: 1,
    brokerCpuSeconds: cpuSeconds,
    generatorCpuSeconds: 0.5,
    otherCpuSeconds: 0.1 * repetition,
  };
  return { scenario, broker, repetition, measured, failure: null, peakRssBytes: 1e8 };
}

function failed(broker: string, repetition: number): Run {
  return { ...run(broker, repetition, 0, 0), measured: null, failure: 'it broke' };
}

describe('summary', () => {
  it('takes medians, the best, and the worst other load', () => {
    const runs = [run('w', 1, 1e6, 0.5), run('w', 2, 3e6, 0.9), run('w', 3, 2e6, 0.8)];
    expect(summarize('w', runs)).toMatchObject({
      messagesPerSecond: 2e6,
      bestMessagesPerSecond: 3e6,
      cpuMicroseconds: 0.4,
      bestCpuMicroseconds: 0.3,
      generatorPercent: 50,
      failures: [],
    });
    expect(summarize('w', runs).otherPercent).toBeCloseTo(30);
  });

  it('has no figures but the reasons when every run failed', () => {
    const row = summarize('w', [failed('w', 1)]);
    expect(row).toMatchObject({ messagesPerSecond: null, peakRssBytes: null });
    expect(row.failures).toEqual(['it broke']);
  });

  it('pairs runs of the same repetition for a ratio', () => {
    const runs = [run('w', 1, 100, 1), run('r', 1, 10, 1), run('w', 2, 60, 1), run('r', 2, 3, 1)];
    expect(ratio(runs, 'a 16 t auto', 'w', 'r', rate)).toBe(15);
  });

  it('leaves out repetitions in which either side failed, and machines without /proc', () => {
    const runs = [failed('w', 1), run('r', 1, 10, null), run('w', 2, 60, 1), run('r', 2, 3, null)];
    expect(ratio(runs, 'a 16 t auto', 'w', 'r', rate)).toBe(20);
    expect(ratio(runs, 'a 16 t auto', 'w', 'r', cpu)).toBeNull();
  });

  it('judges the targets of scenarios that were run, at their limits', () => {
    const runs = [run('w', 1, 1e6, 0.61), run('rabbitmq4', 1, 1e5, 1)];
    const kib = run('w', 1, 1e6, 1.5, 'a 1k t auto');
    const found = verdicts([...runs, kib], 'w', ['rabbitmq4', 'lavinmq']);
    expect(found.map(({ met }) => met)).toEqual([false, true, true]);
    expect(verdicts([failed('w', 1)], 'w', ['rabbitmq4'])).toEqual([]);
  });

  it('judges STOMP by messages and by CPU against RabbitMQ', () => {
    const name = 's 16 t auto';
    const runs = [run('w', 1, 5e5, 1, name), run('rabbitmq4', 1, 1e5, 0.9, name)];
    expect(verdicts(runs, 'w', ['rabbitmq4', 'lavinmq'])).toMatchObject([
      { target: `${name}: at least 5 × the msgs/s of rabbitmq4`, measured: 5, met: true },
      { target: `${name}: CPU per message at most 1/5 of rabbitmq4's`, met: false },
    ]);
  });

  it('takes medians and percentiles of few values', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([0, 0])]).toEqual([2, 2.5, 0]);
    const sorted = Float64Array.from({ length: 1000 }, (_, index) => index + 1);
    expect([0.5, 0.99, 0.999, 1].map((share) => percentile(sorted, share))).toEqual([
      500, 990, 999, 1000,
    ]);
    expect(percentile(new Float64Array(0), 0.5)).toBeNaN();
  });
});

describe('report', () => {
  it('writes figures briefly', () => {
    expect([1_234_567, 51_200, 999].map(thousands)).toEqual(['1.23M', '51.2k', '999']);
    expect([0.197, 1.78, 29, 215, null].map(digits)).toEqual(['0.197', '1.78', '29.0', '215', '–']);
    expect([12.3, 0.025, null].map(times)).toEqual(['12.3×', '0.025× (1/40.0)', '–']);
  });

  it('aligns a table', () => {
    const text = table(
      ['broker', 'n'],
      [
        ['w', '10'],
        ['rabbitmq4', '1000'],
      ],
    );
    expect(text.split('\n')).toEqual([
      '| broker    |    n |',
      '| --------- | ---: |',
      '| w         |   10 |',
      '| rabbitmq4 | 1000 |',
    ]);
  });
});

describe('hot spots', () => {
  it('shares out the time that was not idle, by function', () => {
    const node = (id: number, functionName: string, url: string) => ({
      id,
      callFrame: { functionName, url, lineNumber: 9 },
    });
    const nodes = [
      node(1, '(idle)', ''),
      node(2, 'drain', 'file:///w/src/broker/queue.ts'),
      node(3, 'take', ''),
    ];
    const profile = { nodes, samples: [1, 2, 3, 2], timeDeltas: [900, 30, 25, 45] };
    expect(hotSpots(profile)).toEqual([
      { place: 'drain src/broker/queue.ts:10', share: 0.75 },
      { place: 'take', share: 0.25 },
    ]);
  });
});
