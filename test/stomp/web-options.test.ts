/** RabbitMQ's options of STOMP and MQTT over WebSocket: who may connect, and as whom. */
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type EmbeddedBroker, type StartOptions, startBroker } from '../../src/embed.ts';

let broker: EmbeddedBroker;
const peers: WebSocket[] = [];

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.terminate();
  await broker?.stop();
});

async function start(config: StartOptions['config'] = {}): Promise<void> {
  const ports = { 'web_stomp.tcp.port': '127.0.0.1:0', 'web_mqtt.tcp.port': '127.0.0.1:0' };
  broker = await startBroker({ config: { ...ports, ...config } });
}

/** An open WebSocket, or the status of its refusal. */
async function open(
  listener: 'stomp' | 'mqtt',
  headers: Readonly<Record<string, string>>,
): Promise<WebSocket | number> {
  const url = `ws://127.0.0.1:${broker.portOf(`http/web-${listener}`)}/ws`;
  const peer = new WebSocket(url, listener === 'mqtt' ? ['mqtt'] : ['v12.stomp'], { headers });
  peers.push(peer);
  peer.on('error', () => {});
  return Promise.race([
    once(peer, 'open').then(() => peer),
    once(peer, 'unexpected-response').then(([, response]) => response.statusCode as number),
  ]);
}

/** Sends CONNECT; gives back what is answered, and whether in a binary frame. */
async function connect(
  headers: Readonly<Record<string, string>>,
  login = '',
): Promise<{ text: string; isBinary: boolean }> {
  const peer = (await open('stomp', headers)) as WebSocket;
  const answer = once(peer, 'message');
  peer.send(`CONNECT\naccept-version:1.2\nhost:/\n${login}\n\0`);
  const [data, isBinary] = await answer;
  return { text: String(data), isBinary };
}

const basic = (login: string) => ({ authorization: `Basic ${btoa(login)}` });

describe.each(['stomp', 'mqtt'] as const)('web_%s.allow_origins', (protocol) => {
  const key = `web_${protocol}.allow_origins.1`;

  test('lets pages of these origins connect, and programs, which name none', async () => {
    await start({ [key]: 'https://good.example' });
    expect(await open(protocol, { origin: 'https://good.example' })).toBeInstanceOf(WebSocket);
    expect(await open(protocol, { origin: 'https://evil.example' })).toBe(403);
    expect(await open(protocol, {})).toBeInstanceOf(WebSocket);
  });

  test('lets everybody in if it is not said, or *', async () => {
    await start();
    expect(await open(protocol, { origin: 'https://any.example' })).toBeInstanceOf(WebSocket);
    await broker.stop();
    await start({ [key]: '*' });
    expect(await open(protocol, { origin: 'https://any.example' })).toBeInstanceOf(WebSocket);
  });
});

describe('web_stomp.ws_frame', () => {
  test.each([
    ['text', false],
    ['binary', true],
  ] as const)('%s', async (frame, binary) => {
    await start({ 'web_stomp.ws_frame': frame });
    const { text, isBinary } = await connect({}, 'login:guest\npasscode:guest\n');
    expect([text.split('\n')[0], isBinary]).toEqual(['CONNECTED', binary]);
  });
});

describe('web_stomp.use_http_auth', () => {
  test('takes the user of the HTTP request, whatever CONNECT says', async () => {
    await start({ 'web_stomp.use_http_auth': true });
    expect((await connect(basic('guest:guest'))).text).toMatch(/^CONNECTED/);
    const other = await connect(basic('guest:guest'), 'login:nobody\npasscode:x\n');
    expect(other.text).toMatch(/^CONNECTED/);
    const wrong = await connect(basic('guest:no'), 'login:guest\npasscode:guest\n');
    expect(wrong.text).toMatch(/^ERROR/);
  });

  test('without a name in the request takes the default user, if there is one', async () => {
    await start({ 'web_stomp.use_http_auth': true });
    expect((await connect({}, 'login:guest\npasscode:guest\n')).text).toMatch(/^ERROR/);
    await broker.stop();
    const fallback = { 'stomp.default_user': 'guest', 'stomp.default_pass': 'guest' };
    await start({ 'web_stomp.use_http_auth': true, ...fallback });
    expect((await connect({})).text).toMatch(/^CONNECTED/);
    expect((await connect({ authorization: 'Basic !!' })).text).toMatch(/^ERROR/);
  });

  test('is off unless it is wanted', async () => {
    await start();
    expect((await connect(basic('guest:guest'))).text).toMatch(/^ERROR/);
  });
});
