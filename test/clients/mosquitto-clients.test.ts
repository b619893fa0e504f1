/**
 * mosquitto_pub, mosquitto_sub and mosquitto_rr against the broker: a client in C (libmosquitto),
 * in all versions. Missing, they fail under CI and are skipped elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedBroker, startBroker } from '../../src/embed.ts';
import { type Outcome, run } from '../support/program.ts';

const installed = spawnSync('mosquitto_pub', ['--help']).error === undefined;
if (!installed) console.warn('MOSQUITTO CLIENTS ARE MISSING: their tests are skipped.');
const options = { timeout: 60_000, skip: !installed && process.env.CI !== 'true' };

let broker: EmbeddedBroker;
beforeAll(async () => {
  broker = await startBroker({ config: { 'mqtt.listeners.tcp.default': '127.0.0.1:0' } });
});
afterAll(() => broker.stop());

const VERSIONS = ['mqttv31', 'mqttv311', 'mqttv5'];

let names = 0;
const freshTopic = (): string => `mosquitto/${++names}`;

function tool(name: string, args: readonly string[], input = ''): Promise<Outcome> {
  const where = ['-h', '127.0.0.1', '-p', String(broker.portOf('mqtt'))];
  const user = ['-u', 'guest', '-P', 'guest'];
  return run(`mosquitto_${name}`, [...where, ...user, ...args], {}, input);
}

test.each(VERSIONS)('%s: what is retained is read, with every QoS.', options, async (version) => {
  const topic = freshTopic();
  for (const qos of ['0', '1', '2']) {
    const published = await tool('pub', ['-V', version, '-t', topic, '-q', qos, '-r', '-m', qos]);
    expect(published).toEqual({ code: 0, stdout: '', stderr: '' });
    const args = ['-V', version, '-t', topic, '-q', '2', '-C', '1', '-F', '%t %q %r %p'];
    expect(await tool('sub', args)).toMatchObject({ stdout: `${topic} ${qos} 1 ${qos}\n` });
  }
});

test.each(VERSIONS)('%s: lines wait in the session of a subscriber.', options, async (version) => {
  const topic = freshTopic();
  const expiry = version === 'mqttv5' ? ['-x', '60'] : [];
  const id = `mosquitto-${++names}`;
  const session = ['-V', version, '-i', id, '-c', '-q', '2', '-t', topic, ...expiry];
  expect(await tool('sub', [...session, '-E'])).toMatchObject({ code: 0 });
  const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`);
  const sending = ['-V', version, '-t', topic, '-q', '2', '-l'];
  expect(await tool('pub', sending, `${lines.join('\n')}\n`)).toMatchObject({ code: 0 });
  const got = await tool('sub', [...session, '-C', '50']);
  expect(got.stdout.trim().split('\n')).toEqual(lines);
});

test('mosquitto_rr asks with a response topic, and gets the answer.', options, async () => {
  const [topic, answer] = [freshTopic(), freshTopic()];
  const session = ['-V', 'mqttv5', '-i', `rr-${names}`, '-c', '-x', '60', '-q', '1', '-t', topic];
  await tool('sub', [...session, '-E']);
  await tool('pub', ['-V', 'mqttv5', '-t', answer, '-r', '-q', '1', '-m', 'the answer']);
  const asked = await tool('rr', ['-q', '1', '-t', topic, '-e', answer, '-m', 'question']);
  expect(asked).toMatchObject({ code: 0, stdout: 'the answer\n' });
  const heard = await tool('sub', [...session, '-C', '1', '-F', '%R %p']);
  expect(heard.stdout).toBe(`${answer} question\n`);
});

test.each(VERSIONS)('%s: a wrong password is refused.', options, async (version) => {
  const args = ['-V', version, '-t', 'x', '-m', 'x', '-P', 'wrong'];
  const { code, stderr } = await tool('pub', args);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/bad user name or password|not authori[sz]ed|username/i);
});

test('mqttv5: properties travel, and expiry is counted down.', options, async () => {
  const topic = freshTopic();
  const properties = [
    ...['-D', 'publish', 'content-type', 'text/plain'],
    ...['-D', 'publish', 'user-property', 'a', 'b'],
    ...['-D', 'publish', 'message-expiry-interval', '100'],
  ];
  await tool('pub', ['-V', 'mqttv5', '-t', topic, '-r', '-q', '1', '-m', 'x', ...properties]);
  const args = ['-V', 'mqttv5', '-t', topic, '-C', '1', '-F', '%C %P %E %p'];
  const { stdout } = await tool('sub', args);
  expect(stdout).toMatch(/^text\/plain a:b (100|9\d) x\n$/);
});
