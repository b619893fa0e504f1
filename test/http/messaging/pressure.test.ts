/** Publishers over HTTP while the broker is short of something, or its store is behind. */
import { afterEach, describe, expect, test } from 'vitest';
import { Confirmation } from '../../../protocols/http/messaging/confirmation.ts';
import { Intake } from '../../../protocols/http/messaging/intake.ts';
import { Alarms } from '../../../src/broker/alarms.ts';
import type { Broker } from '../../../src/broker/broker.ts';
import { Message } from '../../../src/broker/message.ts';
import { NO_PROPERTIES } from '../../../src/broker/properties.ts';
import type { Receipt } from '../../../src/broker/receipt.ts';
import type { Session } from '../../../src/broker/session.ts';
import { Traffic } from '../../../src/broker/traffic.ts';
import { ManualClock } from '../../../src/clock.ts';
import {
  HTTP_CONFIRM_WAIT_MS,
  HTTP_INTAKE_BYTES,
  HTTP_STORE_WAIT_MS,
} from '../../../src/limits.ts';
import { loopbackConfig } from '../../../src/listeners.ts';
import { silentLog } from '../../../src/log.ts';
import { RunningBroker } from '../../../src/running-broker.ts';
import { caller } from '../../support/management.ts';

/** A broker as far as an Intake looks at it. */
function rig() {
  const clock = new ManualClock();
  const alarms = new Alarms();
  let listener: (busy: boolean) => void = () => {};
  const store = {
    busy: false,
    failure: null,
    onBusy: (told: (busy: boolean) => void) => {
      listener = told;
    },
  };
  const intake = new Intake({ clock, alarms, store } as unknown as Broker);
  const setBusy = (busy: boolean): void => {
    store.busy = busy;
    listener(busy);
  };
  return { clock, alarms, intake, setBusy };
}

const message = new Message('', 'q', NO_PROPERTIES, Buffer.from('x'));

describe('an alarm', () => {
  let running: RunningBroker | null = null;
  afterEach(() => running?.stop('over'));

  test('turns publishers away with a time to come again; the management API goes on', async () => {
    const config = loopbackConfig({ 'management.tcp.port': '127.0.0.1:0' });
    running = await RunningBroker.start({ config, log: silentLog });
    const call = caller(running.http?.portOf('http') ?? 0);
    const path = '/v1/vhosts/%2F/exchanges/amq.direct/messages';
    const publish = () => call('POST', path, undefined, { raw: 'x' });
    expect((await publish()).status).toBe(200);
    running.broker.alarms.set('disk', true);
    const { status, body, headers } = await publish();
    expect([status, body.kind, headers['retry-after']]).toEqual([503, 'UNAVAILABLE', '5']);
    expect(body.detail).toContain('low on disk');
    expect((await call('GET', '/api/whoami')).status).toBe(200);
    running.broker.alarms.set('disk', false);
    expect((await publish()).status).toBe(200);
  });
});

describe('bodies on their way', () => {
  test('are bounded together, but one is always let in', () => {
    const { intake } = rig();
    intake.admit(HTTP_INTAKE_BYTES + 1);
    expect(() => intake.admit(1)).toThrow('too much is being published at once');
    intake.release(HTTP_INTAKE_BYTES + 1);
    intake.admit(1);
  });
});

describe('a store that is behind', () => {
  test('makes publishers wait until it is not', async () => {
    const { clock, intake, setBusy } = rig();
    setBusy(true);
    const waited = intake.room();
    setBusy(false);
    await waited;
    expect(clock.pending).toBe(0);
  });

  test('makes them wait for a while only', async () => {
    const { clock, intake, setBusy } = rig();
    setBusy(true);
    const waited = expect(intake.room()).rejects.toMatchObject({ kind: 'UNAVAILABLE' });
    clock.advance(HTTP_STORE_WAIT_MS);
    await waited;
  });
});

describe('a receipt that does not come', () => {
  const sessionThat = (publish: (receipt: Receipt) => number): Session => {
    const traffic = new Traffic();
    const publishing = (_: Message, receipt: Receipt): number => publish(receipt);
    return { traffic, checkSize: () => {}, publish: publishing } as unknown as Session;
  };
  const both = [
    { message, mandatory: true },
    { message, mandatory: false },
  ];

  test('is answered with the truth after a while: nobody knows', async () => {
    const { clock, intake } = rig();
    const kept: Receipt[] = [];
    const session = sessionThat((receipt) => {
      receipt.hold();
      return kept.push(receipt);
    });
    const fates = Confirmation.of(session, both, intake, clock);
    await intake.room();
    kept[1]?.release();
    clock.advance(HTTP_CONFIRM_WAIT_MS);
    const [first, second] = await fates;
    expect(first?.problem).toMatchObject({ kind: 'UNCONFIRMED', status: 504 });
    expect(second).toEqual({ routed: 2, problem: null });
    // Late ones are nobody's business any more.
    kept[0]?.release();
  });

  test('is not waited for if the store refuses', async () => {
    const { clock, intake } = rig();
    const session = sessionThat((receipt) => {
      receipt.refuse();
      return 1;
    });
    const [first] = await Confirmation.of(session, both, intake, clock);
    expect(first?.problem).toMatchObject({ kind: 'REJECTED' });
    expect([session.traffic.confirm, clock.pending]).toEqual([0, 0]);
  });
});
