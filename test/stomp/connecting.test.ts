/** CONNECT and DISCONNECT: versions, logins, vhosts, heart-beats, limits before login, goodbye. */
import { hostname } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock } from '../../src/clock.ts';
import { type ObservedBroker, startObserved } from '../support/observed-broker.ts';
import { StompClient } from '../support/stomp-client.ts';

const LOGIN = { login: 'guest', passcode: 'guest' };
const STOMP = { 'stomp.listeners.tcp.default': '127.0.0.1:0' };

let warren: ObservedBroker;
let port: number;

beforeAll(async () => {
  warren = await startObserved(STOMP);
  port = warren.portOf('stomp');
  await warren.broker.propose({ op: 'vhost.put', name: 'other' });
  const all = { configure: '.*', write: '.*', read: '.*' };
  const record = { user: 'guest', vhost: 'other', ...all };
  await warren.broker.propose({ op: 'permission.put', record });
  await warren.broker.propose({ op: 'vhost.put', name: 'closed' });
});

afterEach(() => StompClient.destroyAll());

afterAll(() => warren.stop());

async function answerTo(headers: Record<string, string>, command = 'CONNECT') {
  const client = await StompClient.connect(port);
  client.send(command, headers);
  return client.next();
}

async function refusalOf(headers: Record<string, string>): Promise<string> {
  const client = await StompClient.connect(port);
  client.send('CONNECT', headers);
  return client.error();
}

describe('CONNECT', () => {
  it('is answered with CONNECTED, its headers in the order of RabbitMQ', async () => {
    const { text } = await answerTo({ ...LOGIN, 'accept-version': '1.2', host: '/' });
    expect(text).toMatch(
      new RegExp(
        '^CONNECTED\nserver:RabbitMQ/4\\.\\S+\nsession:session-[\\w-]{22}\nheart-beat:0,0\n' +
          'version:1\\.2\n\n$',
      ),
    );
  });

  it('may be called STOMP [STOMP 1.1, STOMP frame]', async () => {
    const { command } = await answerTo({ ...LOGIN, 'accept-version': '1.1' }, 'STOMP');
    expect(command).toBe('CONNECTED');
  });

  it.each([
    [undefined, '1.0'],
    ['1.0', '1.0'],
    ['1.0,1.1', '1.1'],
    ['1.2,1.1,1.0', '1.2'],
    ['1.1, 1.0', '1.1'],
    ['1.1,2.0', '1.1'],
  ])(
    'with accept-version %s speaks %s [STOMP 1.2, Protocol Negotiation]',
    async (accept, version) => {
      const accepted = accept === undefined ? {} : { 'accept-version': accept };
      const { headers } = await answerTo({ ...LOGIN, ...accepted });
      expect(headers.version).toBe(version);
    },
  );

  it('without a common version is refused [STOMP 1.2, Protocol Negotiation]', async () => {
    expect(await refusalOf({ ...LOGIN, 'accept-version': '2.0,100.1' })).toBe(
      'Version mismatch: Supported versions are 1.0,1.1,1.2\n',
    );
  });

  it('of a wrong user or password is refused, and both sound the same', async () => {
    expect(await refusalOf({ login: 'gust', passcode: 'guest' })).toBe(
      "Bad CONNECT: Access refused for user 'gust'",
    );
    expect(await refusalOf({ login: 'guest', passcode: 'gust' })).toBe(
      "Bad CONNECT: Access refused for user 'guest'",
    );
  });

  it('of nobody is refused unless there is a default user', async () => {
    expect(await refusalOf({})).toBe("Bad CONNECT: Access refused for user ''");
  });

  it('reaches the vhost that `host` names', async () => {
    const client = await StompClient.login(port, { host: 'other' });
    await client.ask('SEND', { destination: '/queue/here' });
    expect([...warren.broker.vhosts.get('other')!.topology.queues.keys()]).toEqual(['here']);
  });

  it.each(['//', 'nowhere', 'closed', 'a_b.c', ''])('to vhost "%s" is refused', async (host) => {
    expect(await refusalOf({ ...LOGIN, host })).toBe(
      `Bad CONNECT: Virtual host '${host}' access denied`,
    );
  });

  it.each([
    'localhost',
    'localhost:61613',
    '127.0.0.1',
    '127.0.0.1:61613',
    '::1',
    '[::1]:61613',
    'stomp.example.org',
    hostname(),
  ])('to the machine "%s" means the default vhost', async (host) => {
    expect((await answerTo({ ...LOGIN, host })).command).toBe('CONNECTED');
  });

  it('may have a body, which is nobody’s business', async () => {
    const client = await StompClient.connect(port);
    client.send('CONNECT', LOGIN, 'hello');
    await client.expect('CONNECTED');
    client.send('CONNECT', LOGIN);
    expect(await client.error()).toBe('Illegal command: You are logged in already');
  });

  it('takes passcodes as they are, with colons and backslashes', async () => {
    const client = await StompClient.connect(port);
    client.write('CONNECT\naccept-version:1.2\nlogin:guest\npasscode:a:b\\c\\q\n\n\0');
    expect(await client.error()).toBe("Bad CONNECT: Access refused for user 'guest'");
  });

  it('has to come first', async () => {
    const client = await StompClient.connect(port);
    client.send('SEND', { destination: '/queue/a' });
    expect(await client.error()).toBe('Illegal command: You must log in using CONNECT first');
  });

  it('may not be larger than stomp.max_frame_size_unauthenticated', async () => {
    const client = await StompClient.connect(port);
    client.write(`CONNECT\nx:${'x'.repeat(70_000)}`);
    expect(await client.error()).toMatch(/^Frame too large: /);
    const another = await StompClient.connect(port);
    another.write(`CONNECT\n\n${'x'.repeat(70_000)}`);
    expect(await another.error()).toMatch(/^Frame too large: /);
  });

  it('shows in the registry of connections with its version', async () => {
    await StompClient.login(port, { 'accept-version': '1.1' });
    const session = [...warren.broker.sessions].at(-1)!;
    expect(session.protocol).toBe('stomp11');
  });
});

describe('with options', () => {
  const started: ObservedBroker[] = [];

  afterEach(async () => {
    await StompClient.destroyAll();
    for (const broker of started.splice(0)) await broker.stop();
  });

  async function start(config: Record<string, string>, clock?: ManualClock): Promise<number> {
    const broker = await startObserved({ ...STOMP, ...config }, clock);
    started.push(broker);
    return broker.portOf('stomp');
  }

  const DEFAULT = { 'stomp.default_user': 'guest', 'stomp.default_pass': 'guest' };

  it('stomp.default_user is who names nobody, and nobody else', async () => {
    const at = await start(DEFAULT);
    const client = await StompClient.connect(at);
    client.send('CONNECT');
    await client.expect('CONNECTED');
    const other = await StompClient.connect(at);
    other.send('CONNECT', { login: 'guest' });
    expect(await other.error()).toBe("Bad CONNECT: Access refused for user 'guest'");
    const early = await StompClient.connect(at);
    early.send('SEND', { destination: '/queue/a' });
    expect(await early.error()).toMatch(/^Illegal command/);
  });

  it('stomp.implicit_connect lets CONNECT be left out, and no CONNECTED comes', async () => {
    const at = await start({ ...DEFAULT, 'stomp.implicit_connect': 'true' });
    const client = await StompClient.connect(at);
    await client.ask('SUBSCRIBE', { id: 1, destination: '/topic/implicit' });
    client.send('SEND', { destination: '/topic/implicit' }, 'hello');
    expect(await client.bodies(1)).toEqual(['hello']);
  });

  it('stomp.default_vhost is the vhost of who names none', async () => {
    const at = await start({ 'stomp.default_vhost': 'there', default_vhost: 'there' });
    const client = await StompClient.connect(at);
    client.send('CONNECT', LOGIN);
    await client.expect('CONNECTED');
    expect([...started[0]!.broker.sessions].map(({ vhost }) => vhost.name)).toEqual(['there']);
  });

  it('stomp.hide_server_info leaves out who we are', async () => {
    const client = await StompClient.connect(await start({ 'stomp.hide_server_info': 'true' }));
    client.send('CONNECT', LOGIN);
    expect((await client.expect('CONNECTED')).headers).not.toHaveProperty('server');
  });

  it('stomp.login_timeout ends a connection that does not log in', async () => {
    const clock = new ManualClock();
    const client = await StompClient.connect(await start({ 'stomp.login_timeout': '500' }, clock));
    client.write('CONN');
    // The broker has taken the connection when another one, made later, is answered.
    const at = started[0]!.portOf('stomp');
    await StompClient.login(at);
    clock.advance(500);
    expect(await client.error()).toBe('Login timeout: CONNECT did not come in time');
  });

  it('stomp.max_frame_size bounds bodies, and so does max_message_size', async () => {
    const at = await start({ 'stomp.max_frame_size': '1000', max_message_size: '2000' });
    const client = await StompClient.login(at);
    await client.ask('SEND', { destination: '/queue/a', 'content-length': 1000 }, 'x'.repeat(1000));
    client.send('SEND', { destination: '/queue/a', 'content-length': 1001 }, 'x'.repeat(1001));
    expect(await client.error()).toBe(
      'Frame too large: a body of 1001 bytes is larger than the allowed 1000 bytes',
    );
  });

  it('heart-beats are sent and expected as agreed [STOMP 1.2, Heart-beating]', async () => {
    const clock = new ManualClock();
    const at = await start({}, clock);
    const client = await StompClient.connect(at);
    client.send('CONNECT', { ...LOGIN, 'accept-version': '1.2', 'heart-beat': '3000,2000' });
    expect((await client.expect('CONNECTED')).headers['heart-beat']).toBe('2000,3000');
    for (let beat = 1; beat <= 3; beat++) {
      client.write('\n');
      await client.nothing();
      clock.advance(2000);
    }
    await client.nothing();
    expect(client.heartbeats).toBeGreaterThanOrEqual(2);
    clock.advance(3000);
    expect(client.isClosed).toBe(false);
    clock.advance(6000);
    await client.closed;
  });

  it('heart-beats faster than once a second are not agreed to', async () => {
    const client = await StompClient.connect(await start({}));
    client.send('CONNECT', { ...LOGIN, 'heart-beat': '1,1' });
    expect((await client.expect('CONNECTED')).headers['heart-beat']).toBe('1000,1000');
  });

  it.each(['x', '1', '1,2,3', '-1,0', '1.5,1'])('a heart-beat of %s is refused', async (beat) => {
    const client = await StompClient.connect(await start({}));
    client.send('CONNECT', { ...LOGIN, 'heart-beat': beat });
    expect(await client.error()).toMatch(/^Invalid header: 'heart-beat' is two numbers/);
  });

  it('a broker that stops says so', async () => {
    const client = await StompClient.login(await start({}));
    const stopped = started.pop()!.stop();
    expect(await client.error()).toBe(
      'connection_forced: CONNECTION_FORCED - broker forced connection closure with reason ' +
        "'shutdown'",
    );
    await stopped;
  });
});

describe('DISCONNECT', () => {
  it('is answered when everything before it is done, and then the connection is closed', async () => {
    const client = await StompClient.login(port);
    await client.ask('SUBSCRIBE', { id: 1, destination: '/queue/own', durable: false });
    client.send('DISCONNECT', { receipt: 'a:b' });
    const { text } = await client.expect('RECEIPT');
    expect(text).toBe('RECEIPT\nreceipt-id:a\\cb\n\n');
    const queues = warren.broker.vhosts.get('/')!.topology.queues;
    expect([...queues.keys()]).not.toContain('own');
    await client.closed;
  });

  it('without a receipt closes the connection without a word', async () => {
    const client = await StompClient.login(port);
    client.send('DISCONNECT');
    await client.closed;
    expect(client.unread).toBe(0);
  });
});
