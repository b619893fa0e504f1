/** The gate that holds publishers back: who is told, who is held, and when they may go on. */
import { describe, expect, it } from 'vitest';
import { type GateHost, PublisherGate } from '../../src/server/publisher-gate.ts';

class Host implements GateHost {
  readonly told: string[] = [];

  holdPublisher(): void {
    this.told.push('hold');
  }

  releasePublisher(): void {
    this.told.push('release');
  }

  blocked(reason: string): void {
    this.told.push(`blocked: ${reason}`);
  }

  unblocked(): void {
    this.told.push('unblocked');
  }
}

function gate(alarm: string | null = null, busy = false) {
  const host = new Host();
  const made = new PublisherGate(host, alarm, busy);
  /** As an adapter does it. */
  const publish = (): void => {
    if (made.watching) made.published();
  };
  return { gate: made, host, publish };
}

describe('a publisher', () => {
  it('costs nothing once it is known to be one', () => {
    const { gate: it, host, publish } = gate();
    expect(it.watching).toBe(true);
    publish();
    expect([it.watching, it.state, host.told]).toEqual([false, 'running', []]);
  });

  it('is told about an alarm at once, and held at its next message', () => {
    const { gate: it, host, publish } = gate();
    publish();
    it.alarmed('low on memory');
    expect([host.told, it.state]).toEqual([['blocked: low on memory'], 'blocked']);
    publish();
    expect(host.told).toEqual(['blocked: low on memory', 'hold']);
    publish();
    it.alarmed(null);
    expect(host.told.slice(2)).toEqual(['unblocked', 'release']);
    expect([it.state, it.watching]).toEqual(['running', false]);
  });

  it('that begins during an alarm is told and held with its first message', () => {
    const { gate: it, host, publish } = gate('low on disk');
    expect(it.state).toBe('blocking');
    publish();
    expect([host.told, it.state]).toEqual([['blocked: low on disk', 'hold'], 'blocked']);
  });

  it('is told once, however many alarms there are', () => {
    const { gate: it, host, publish } = gate();
    publish();
    for (const reason of ['low on memory', 'low on memory & disk', 'low on disk']) {
      it.alarmed(reason);
    }
    publish();
    it.alarmed(null);
    expect(host.told).toEqual(['blocked: low on memory', 'hold', 'unblocked', 'release']);
    it.alarmed('low on disk');
    expect(host.told.slice(4)).toEqual(['blocked: low on disk']);
  });

  it('is held while the store is behind, but that is no alarm', () => {
    const { gate: it, host, publish } = gate();
    publish();
    it.storeBusy(true);
    expect([host.told, it.state]).toEqual([[], 'running']);
    publish();
    expect([host.told, it.state]).toEqual([['hold'], 'flow']);
    it.storeBusy(false);
    expect([host.told, it.state]).toEqual([['hold', 'release'], 'running']);
  });

  it('is held until neither an alarm nor the store stands against it', () => {
    const { gate: it, host, publish } = gate('low on memory', true);
    publish();
    it.alarmed(null);
    expect(host.told).toEqual(['blocked: low on memory', 'hold', 'unblocked']);
    it.storeBusy(false);
    expect(host.told.at(-1)).toBe('release');
  });
});

describe('who does not publish', () => {
  it('never notices', () => {
    const { gate: it, host } = gate();
    it.alarmed('low on memory');
    expect(it.state).toBe('blocking');
    it.storeBusy(true);
    it.alarmed(null);
    it.storeBusy(false);
    expect([host.told, it.state]).toEqual([[], 'running']);
  });
});
