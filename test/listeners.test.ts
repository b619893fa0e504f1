/** The table of listeners: ports that nobody has asked for are not worth failing for. */

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { Config } from '../src/config.ts';
import { silentLog } from '../src/log.ts';
import { RunningBroker } from '../src/running-broker.ts';

/** Of the listeners beside AMQP's, only MQTT's is wanted here. */
const QUIET = {
  memory_only: true,
  'web_mqtt.tcp.port': 'none',
  'stomp.listeners.tcp': 'none',
  'web_stomp.tcp.port': 'none',
  'web_amqp.tcp.port': 'none',
  'management.tcp.port': 'none',
  'prometheus.tcp.port': 'none',
} as const;

test('a default port of another protocol that is taken is reported, and the broker starts', async () => {
  const config = Config.from({ ...QUIET, 'listeners.tcp.default': '127.0.0.1:0' });
  // Whoever has 1883 on this machine, we or somebody else: nobody else can have it now.
  const holder = createServer();
  await new Promise((resolve) => {
    holder.once('error', resolve);
    holder.listen(1883, resolve as () => void);
  });
  const warnings: string[] = [];
  const log = { ...silentLog, warning: (text: string) => void warnings.push(text) };
  const running = await RunningBroker.start({ config, log });
  expect(running.listeners.map(({ id }) => id)).toEqual(['amqp']);
  expect(warnings.join()).toMatch(/port 1883 for MQTT is taken.*going on without it/);
  await running.stop('over');
  holder.close();
});

test('a port that was asked for and is taken stops the start', async () => {
  const holder = createServer();
  await new Promise((resolve) => holder.listen(0, '127.0.0.1', resolve as () => void));
  const { port } = holder.address() as AddressInfo;
  const config = Config.from({
    ...{ ...QUIET, 'listeners.tcp': 'none' },
    'mqtt.listeners.tcp.default': `127.0.0.1:${port}`,
  });
  await expect(RunningBroker.start({ config, log: silentLog })).rejects.toThrow(/is taken/);
  holder.close();
});
