import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { Config, ConfigError, type LoadedConfig, loadConfig } from '../src/config.ts';
import type { ConfigFiles } from '../src/config-file.ts';
import { FLAGS } from '../src/config-flags.ts';
import { memberKey } from '../src/config-option.ts';
import { ALL_OPTIONS, findOption } from '../src/config-options.ts';
import { helpText, sampleFile } from '../src/config-text.ts';
import type { ListenerAddress } from '../src/config-value.ts';

interface Sources {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The text of /etc/rabbitmq/rabbitmq.conf. */
  readonly file?: string;
  /** Other files by path. */
  readonly files?: Readonly<Record<string, string>>;
}

const RABBITMQ_CONF = '/etc/rabbitmq/rabbitmq.conf';

function load({ argv = [], env = {}, file, files = {} }: Sources): LoadedConfig {
  const texts: Record<string, string | undefined> = { ...files, [RABBITMQ_CONF]: file };
  const memory: ConfigFiles = { readText: (path) => texts[path] ?? null, list: () => null };
  return loadConfig({ argv, env, files: memory });
}

function problemsOf(sources: Sources): readonly string[] {
  try {
    load(sources);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

function listeners(sources: Sources): Record<string, string> {
  const map = load(sources).config.get('listeners.tcp');
  return Object.fromEntries(
    [...map].map(([name, { host, port }]) => [name, host === null ? `${port}` : `${host} ${port}`]),
  );
}

describe('the option table', () => {
  test('types every lookup', () => {
    const config = Config.from();
    expectTypeOf(config.get('heartbeat')).toEqualTypeOf<number>();
    expectTypeOf(config.get('log.console')).toEqualTypeOf<boolean>();
    expectTypeOf(config.get('log.console.formatter')).toEqualTypeOf<'plaintext' | 'json'>();
    expectTypeOf(config.get('listeners.tcp')).toEqualTypeOf<ReadonlyMap<string, ListenerAddress>>();
    expectTypeOf(config.get('auth_backends.$.authz')).toEqualTypeOf<
      ReadonlyMap<string, 'internal' | 'internal_loopback' | 'http' | 'oauth2' | 'ldap' | 'cache'>
    >();
    expectTypeOf(config.get('loopback_users')).toEqualTypeOf<ReadonlySet<string>>();
    // @ts-expect-error there is no such key
    expect(() => config.get('heartbeet')).toThrow("'heartbeet' is not an option");
    // @ts-expect-error nor can it be overridden
    expect(() => Config.from({ heartbeet: 1 })).toThrow(ConfigError);
  });

  test('has the defaults of RabbitMQ', () => {
    const config = Config.from();
    expect(config.get('listeners.tcp')).toEqual(new Map([['default', { host: null, port: 5672 }]]));
    expect(config.get('default_user')).toBe('guest');
    expect(config.get('default_pass')).toBe('guest');
    expect(config.get('default_vhost')).toBe('/');
    expect(config.get('default_user_tags')).toEqual(new Set(['administrator']));
    expect(config.get('default_permissions.configure')).toBe('.*');
    expect(config.get('loopback_users')).toEqual(new Set(['guest']));
    expect(config.get('auth_mechanisms')).toEqual(['PLAIN', 'AMQPLAIN', 'ANONYMOUS']);
    expect(config.get('heartbeat')).toBe(60);
    expect(config.get('frame_max')).toBe(131_072);
    expect(config.get('channel_max')).toBe(2047);
    expect(config.get('max_message_size')).toBe(16_777_216);
    expect(config.get('handshake_timeout')).toBe(10_000);
    expect(config.get('tcp_listen_options.nodelay')).toBe(true);
    expect(config.get('log.console.level')).toBe('info');
  });

  test.each([...ALL_OPTIONS.keys()])('has a valid default, a text and a name for %s', (key) => {
    const config = Config.from();
    expect(config.get(key)).toBeDefined();
    expect(config.source(key)).toBe('default');
    expect(ALL_OPTIONS.get(key)?.text).toMatch(/^[A-Z].*\.$/);
    const option = ALL_OPTIONS.get(key);
    if (option?.kind === 'single') expect(findOption(key)?.key).toBe(key);
    else {
      const written = memberKey(key, 'some\\.name');
      expect(findOption(written)).toMatchObject({ key, member: 'some.name' });
    }
  });

  test('is what config/warren.conf is made of: run scripts/config-sample.ts if this fails', () => {
    const path = new URL('../config/warren.conf', import.meta.url);
    expect(readFileSync(path, 'utf8')).toBe(sampleFile());
  });

  test('gives a sample file that changes nothing when every setting in it is uncommented', () => {
    const uncommented = sampleFile().replace(/^# ([a-z_.0-9]+ = .*)$/gm, '$1');
    const { config, warnings } = load({ file: uncommented });
    expect(warnings).toEqual([]);
    for (const [key, option] of ALL_OPTIONS) {
      expect(config.get(key)).toEqual(Config.from().get(key));
      // Of a family that is empty there is nothing to uncomment.
      const empty = option.kind !== 'single' && Object.keys(option.default).length === 0;
      expect(config.source(key)).toBe(empty ? 'default' : 'file');
    }
    expect(load({ file: sampleFile() }).config.source('heartbeat')).toBe('default');
  });

  test('has families whose names stand in the middle of the key', () => {
    const file = [
      'default_users.a\\.b.password = secret',
      'default_users.a\\.b.tags = management, policymaker',
      'default_limits.vhosts.1.max_queues = -1',
    ].join('\n');
    const env = { WARREN_DEFAULT_USERS_CAROL_PASSWORD: 'hers' };
    const { config } = load({ file, env });
    const passwords = config.get('default_users.$.password');
    expect(Object.fromEntries(passwords)).toEqual({ 'a.b': 'secret', carol: 'hers' });
    expect(config.get('default_users.$.tags').get('a.b')).toEqual(['management', 'policymaker']);
    expect(config.get('default_limits.vhosts.$.max_queues').get('1')).toBe(-1);
    expect(problemsOf({ file: 'default_users.a.pasword = x' })[0]).toContain(
      "did you mean 'default_users.a.password'?",
    );
    const wrong = problemsOf({ file: 'default_users.a.read = (\ndefault_users.password = hush' });
    expect(wrong).toHaveLength(2);
    expect(wrong.join()).not.toContain('hush');
    expect(helpText()).toContain('default_users.<user>.password');
    expect(sampleFile()).toContain('# Variable: WARREN_DEFAULT_USERS_<USER>_PASSWORD');
  });

  test('gives help that names every flag and every key within 100 columns', () => {
    const help = helpText();
    for (const flag of Object.keys(FLAGS)) expect(help).toContain(`--${flag}`);
    for (const key of ALL_OPTIONS.keys()) expect(help).toContain(`\n  ${key.replace(/\$.*/, '')}`);
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});

describe('the sources', () => {
  test('win over each other: flag, environment, file, default', () => {
    const all = {
      file: 'heartbeat = 1\nframe_max = 5000\nchannel_max = 10',
      env: { WARREN_HEARTBEAT: '2', WARREN_FRAME_MAX: '6000' },
      argv: ['--set', 'heartbeat=3'],
    };
    const { config, files } = load(all);
    expect(config.get('heartbeat')).toBe(3);
    expect(config.source('heartbeat')).toBe('flag');
    expect(config.get('frame_max')).toBe(6000);
    expect(config.source('frame_max')).toBe('environment');
    expect(config.get('channel_max')).toBe(10);
    expect(config.source('channel_max')).toBe('file');
    expect(config.source('max_message_size')).toBe('default');
    expect(files).toEqual([RABBITMQ_CONF]);
  });

  test('are all checked: a bad value is an error even where a stronger source overrides it', () => {
    const sources = { file: 'heartbeat = x', argv: ['--set', 'heartbeat=3'] };
    expect(problemsOf(sources)).toHaveLength(1);
  });

  test('report everything that is wrong together', () => {
    const problems = problemsOf({
      file: 'heartbeet = 60\n\nframe_max = huge\nnonsense\n',
      env: { WARREN_CHANNEL_MAX: '-1' },
      argv: ['--prot', '1', '--set', 'log.level=loud'],
    });
    expect(problems).toEqual([
      'unknown flag --prot: did you mean --port?',
      "unexpected argument '1'",
      `${RABBITMQ_CONF} line 4: expected 'key = value'`,
      `${RABBITMQ_CONF} line 1: unknown key 'heartbeet': did you mean 'heartbeat'?`,
      `${RABBITMQ_CONF} line 3: 'frame_max' = 'huge' is not valid: expected a size from 4096 to ` +
        '536870912 bytes, such as 65536, 64KiB or 64kB',
      "WARREN_CHANNEL_MAX: 'channel_max' = '-1' is not valid: " +
        'expected a whole number from 0 to 65535',
      "--set: 'log.level' = 'loud' is not valid: expected one of debug, info, warning, error, " +
        'critical, none',
    ]);
  });

  test('never show a password that is not valid', () => {
    const [problem] = problemsOf({ file: `default_pass = ${'hunter2'.repeat(1000)}` });
    expect(problem).toContain("'default_pass' is not valid");
    expect(problem).not.toContain('hunter2');
  });

  test('of one kind let the last of two settings win', () => {
    expect(load({ file: 'heartbeat = 1\nheartbeat = 2' }).config.get('heartbeat')).toBe(2);
    const argv = ['--set', 'heartbeat=1', '--set=heartbeat = 2'];
    expect(load({ argv }).config.get('heartbeat')).toBe(2);
  });

  test('report a file that was asked for and is not there, or cannot be read', () => {
    expect(problemsOf({ argv: ['--config', '/no.conf'] })).toEqual(['/no.conf: no such file']);
    const files: ConfigFiles = {
      readText() {
        throw new Error('cannot read /a: EACCES');
      },
      list: () => null,
    };
    expect(() => loadConfig({ argv: ['x'], env: {}, files })).toThrow(
      new ConfigError(["unexpected argument 'x'", 'cannot read /a: EACCES']),
    );
  });
});

describe('an unknown key', () => {
  test.each([
    ['listeners.tpc.default', 'listeners.tcp.default'],
    ['listner.tcp.local', 'listeners.tcp.local'],
    ['log.console.levle', 'log.console.level'],
    ['tcp_listen_options.nodelai', 'tcp_listen_options.nodelay'],
    ['loopback_user.guest', 'loopback_users.guest'],
    ['shovl.topology', 'shovel.topology'],
    ['disk_free_limits.absolute', 'disk_free_limit.absolute'],
    ['consumer_timout', 'consumer_timeout'],
    ['auth_mechanisms', 'auth_mechanisms.<number>'],
    ['HEARTBEAT', 'heartbeat'],
  ])('%s suggests %s', (written, meant) => {
    expect(problemsOf({ file: `${written} = 1` })).toEqual([
      `${RABBITMQ_CONF} line 1: unknown key '${written}': did you mean '${meant}'?`,
    ]);
  });

  test('suggests nothing if nothing is near', () => {
    expect(problemsOf({ file: 'the_answer = 42' })).toEqual([
      `${RABBITMQ_CONF} line 1: unknown key 'the_answer'`,
    ]);
  });
});

const NOT_SUPPORTED = 'is not supported by this version of Warren and has no effect';
const NOT_A_SETTING = 'is not a setting of Warren and has no effect';

describe("RabbitMQ's other keys", () => {
  test('start with one warning each if Warren does not act on them yet', () => {
    const { warnings, notes } = load({
      file: 'heartbeat = 30\nshovel.topology.predeclared = true\nlog.dir = /tmp',
    });
    expect(warnings).toEqual([
      `${RABBITMQ_CONF} line 2: 'shovel.topology.predeclared' ${NOT_SUPPORTED}`,
      `${RABBITMQ_CONF} line 3: 'log.dir' ${NOT_SUPPORTED}`,
    ]);
    expect(notes).toEqual([]);
  });

  test('start without a warning if they tune what Warren does not have, or switch it off', () => {
    const { warnings, notes } = load({
      file: `
        num_acceptors.tcp = 10
        cluster_partition_handling = autoheal
        log.file = false
        raft.wal_max_size_bytes = 64000000
        quorum_queue.compute_checksums = true
      `,
    });
    expect(warnings).toEqual([]);
    expect(notes).toHaveLength(5);
    expect(notes[0]).toBe(`${RABBITMQ_CONF} line 2: 'num_acceptors.tcp' has no effect in Warren`);
  });

  test('warn when they switch something on that could be off without a word', () => {
    expect(load({ file: 'log.file = rabbit.log' }).warnings).toHaveLength(1);
    expect(load({ file: 'reverse_dns_lookups = true' }).warnings).toHaveLength(1);
    expect(load({ file: 'reverse_dns_lookups = false' }).warnings).toHaveLength(0);
  });

  test("are all accepted as a typical production file of RabbitMQ's has them", () => {
    const { config } = load({
      file: `
        listeners.tcp.default = 5673
        listeners.ssl.default = 5671
        ssl_options.cacertfile = /path/ca.pem
        ssl_options.versions.1 = tlsv1.3
        default_user = admin
        default_pass = 'p#ss'
        default_user_tags.administrator = true
        default_permissions.configure = .*
        default_permissions.read = .*
        default_permissions.write = ^$
        loopback_users.guest = false
        auth_backends.1 = internal
        auth_mechanisms.1 = PLAIN
        vm_memory_high_watermark.relative = 0.6
        disk_free_limit.absolute = 2GB
        consumer_timeout = 1800000
        default_queue_type = quorum
        default_policies.operator.a.queue_pattern = .*
        load_definitions = /etc/rabbitmq/definitions.json
        management.tcp.port = 15672
        prometheus.tcp.port = 15692
        mqtt.allow_anonymous = false
        message_interceptors.incoming.set_header_timestamp.overwrite = false
        cluster_formation.classic_config.nodes.1 = rabbit@a
        collect_statistics_interval = 5000
        log.console = true
        log.console.level = notice
        log.file.level = info
      `,
    });
    expect(config.get('default_pass')).toBe('p#ss');
    expect(config.get('loopback_users').size).toBe(0);
    expect(config.get('log.console.level')).toBe('warning');
    expect(config.get('default_permissions.write')).toBe('^$');
  });
});

describe('listeners', () => {
  test('of any name replace the default, as in RabbitMQ', () => {
    expect(listeners({ file: 'listeners.tcp.local = 127.0.0.1:5672' })).toEqual({
      local: '127.0.0.1 5672',
    });
    const file =
      'listeners.tcp.default = 5673\nlisteners.tcp.v6 = ::1:5672\nlisteners.tcp.1 = [::]:0';
    expect(listeners({ file })).toEqual({ default: '5673', v6: '::1 5672', 1: ':: 0' });
  });

  test('can be none at all, wherever in the file that stands', () => {
    expect(
      listeners({ file: 'listeners.tcp.a = 1\nlisteners.tcp = none\nlisteners.tcp.b = 2' }),
    ).toEqual({});
    expect(listeners({ argv: ['--port', 'none'] })).toEqual({});
  });

  test('add up over the sources by name, and none empties only the weaker ones', () => {
    const file = 'listeners.tcp.default = 1\nlisteners.tcp.b = 2';
    const argv = ['--port', '9'];
    expect(listeners({ file, argv })).toEqual({ default: '9', b: '2' });
    expect(listeners({ file, argv, env: { WARREN_LISTENERS_TCP: 'none' } })).toEqual({
      default: '9',
    });
    expect(listeners({ file: 'listeners.tcp = none', argv })).toEqual({ default: '9' });
  });

  test.each([
    '65536',
    '-1',
    'x',
    'localhost:5672',
    '::1',
    '1.2.3:1',
    '[127.0.0.1]:1',
    '',
    ':1',
    '1:',
  ])('are refused at %o', (value) => {
    expect(() => Config.from({ 'listeners.tcp.default': value })).toThrow(ConfigError);
  });

  test('can only be none as a whole', () => {
    expect(problemsOf({ file: 'listeners.tcp = 5672' })[0]).toContain(
      "'listeners.tcp' can only be none; the others are listeners.tcp.<name>",
    );
  });
});

describe('users and mechanisms', () => {
  test('guest stays on the loopback interface when another user is put there too', () => {
    const get = (file: string) => [...load({ file }).config.get('loopback_users')];
    expect(get('loopback_users.ada = true')).toEqual(['guest', 'ada']);
    expect(get('loopback_users.guest = false')).toEqual([]);
    expect(get('loopback_users = none')).toEqual([]);
    expect(get('loopback_users.ada\\.l = true')).toEqual(['guest', 'ada.l']);
  });

  test('tags replace the default', () => {
    const get = (file: string) => [...load({ file }).config.get('default_user_tags')];
    expect(get('default_user_tags.monitoring = true')).toEqual(['monitoring']);
    expect(get('default_user_tags.administrator = false')).toEqual([]);
  });

  test('mechanisms come in the order of their numbers', () => {
    const file = 'auth_mechanisms.10 = PLAIN\nauth_mechanisms.9 = AMQPLAIN';
    expect(load({ file }).config.get('auth_mechanisms')).toEqual(['AMQPLAIN', 'PLAIN']);
    expect(load({ file: 'auth_mechanisms.1 = PLAIN' }).config.get('auth_mechanisms')).toEqual([
      'PLAIN',
    ]);
    expect(problemsOf({ file: 'auth_mechanisms.1 = NTLM' })[0]).toContain('PLAIN, AMQPLAIN');
  });

  test('permissions must be regular expressions', () => {
    expect(problemsOf({ file: 'default_permissions.read = (' })[0]).toContain('regular expression');
  });
});

describe('values', () => {
  const get = (value: string | number) =>
    Config.from({ max_message_size: value }).get('max_message_size');

  test.each([
    ['65536', 65_536],
    ['64kB', 64_000],
    ['64KiB', 65_536],
    ['64k', 65_536],
    ['16MB', 16_000_000],
    ['16 MiB', 16_777_216],
    ['16M', 16_777_216],
    ['0.5GiB', null],
    ['512MiB', 536_870_912],
    ['1GB', null],
    ['0', null],
    ['64XB', null],
    ['', null],
  ])('size %s is %s', (text, bytes) => {
    if (bytes === null) expect(() => get(text)).toThrow('expected a size');
    else expect(get(text)).toBe(bytes);
  });

  test.each([
    ['60', 60],
    ['90s', 90],
    ['2m', 120],
    ['2000ms', 2],
    ['1500ms', null],
    ['65536', null],
    ['1x', null],
    ['infinity', null],
  ])('heartbeat %s is %s seconds', (text, seconds) => {
    if (seconds === null) expect(() => Config.from({ heartbeat: text })).toThrow('whole seconds');
    else expect(Config.from({ heartbeat: text }).get('heartbeat')).toBe(seconds);
  });

  test.each([
    ['10000', 10_000],
    ['10s', 10_000],
    ['1m', 60_000],
    ['infinity', Number.POSITIVE_INFINITY],
  ])('handshake timeout %s is %s milliseconds', (text, ms) => {
    expect(Config.from({ handshake_timeout: text }).get('handshake_timeout')).toBe(ms);
  });

  test.each([
    ['true', true],
    ['on', true],
    ['false', false],
    ['off', false],
  ])('boolean %s is %s', (text, value) => {
    expect(Config.from({ 'log.console': text }).get('log.console')).toBe(value);
    expect(() => Config.from({ 'log.console': 'yes' })).toThrow('expected true or false');
  });

  test('the level of the console follows that of the log unless it has its own', () => {
    const level = (file: string) => load({ file }).config.get('log.console.level');
    expect(level('log.default.level = debug')).toBe('debug');
    expect(level('log.level = debug\nlog.console.level = error')).toBe('error');
  });
});

describe('the environment', () => {
  test('sets any key, members of families in lower case, and ignores what is empty', () => {
    const env = {
      WARREN_LISTENERS_TCP_DEFAULT: '5673',
      WARREN_LISTENERS_TCP_SECOND_ONE: '127.0.0.1:0',
      WARREN_LOG_CONSOLE: 'false',
      WARREN_LOG_DEFAULT_LEVEL: 'debug',
      WARREN_LOOPBACK_USERS_GUEST: 'false',
      WARREN_HEARTBEAT: '',
    };
    const { config, warnings } = load({ env });
    expect(warnings).toEqual([]);
    expect([...config.get('listeners.tcp').keys()]).toEqual(['default', 'second_one']);
    expect(config.get('log.console')).toBe(false);
    expect(config.get('log.level')).toBe('debug');
    expect(config.get('loopback_users').size).toBe(0);
    expect(config.source('heartbeat')).toBe('default');
  });

  test("takes RabbitMQ's variables for the listener and the first user", () => {
    expect(listeners({ env: { RABBITMQ_NODE_PORT: '5673' } })).toEqual({ default: '5673' });
    expect(listeners({ env: { RABBITMQ_NODE_IP_ADDRESS: '::1' } })).toEqual({
      default: '::1 5672',
    });
    const env = { RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1', RABBITMQ_NODE_PORT: '1' };
    expect(listeners({ env })).toEqual({ default: '127.0.0.1 1' });

    const user = {
      RABBITMQ_DEFAULT_USER: 'app',
      RABBITMQ_DEFAULT_PASS: 's',
      RABBITMQ_DEFAULT_VHOST: 'v',
    };
    const { config } = load({ env: user, file: 'default_user = other' });
    expect(config.get('default_user')).toBe('app');
    expect(config.get('default_pass')).toBe('s');
    expect(config.get('default_vhost')).toBe('v');
    expect(config.get('loopback_users').has('app')).toBe(false);
    const both = { ...user, WARREN_DEFAULT_USER: 'ours' };
    expect(load({ env: both }).config.get('default_user')).toBe('ours');
  });

  test('may name a file that holds a secret', () => {
    const files = { '/run/secrets/pass': 'p#ss word\n' };
    const env = { RABBITMQ_DEFAULT_PASS_FILE: '/run/secrets/pass' };
    expect(load({ env, files }).config.get('default_pass')).toBe('p#ss word');
    expect(problemsOf({ env: { WARREN_DEFAULT_PASS_FILE: '/none' } })).toEqual([
      'WARREN_DEFAULT_PASS_FILE: /none: no such file',
    ]);
  });

  test('warns of a WARREN variable that is no setting, with the nearest that is', () => {
    const env = {
      WARREN_HARTBEAT: '1',
      WARREN_LISTENER_TCP_DEFAULT: '1',
      WARREN_SHOVEL_TOPOLOGY_PREDECLARED: 'true',
      WARREN_OF_ROSES: '1',
    };
    expect(load({ env }).warnings).toEqual([
      `WARREN_HARTBEAT ${NOT_A_SETTING}: did you mean WARREN_HEARTBEAT?`,
      `WARREN_LISTENER_TCP_DEFAULT ${NOT_A_SETTING}: did you mean WARREN_LISTENERS_TCP_DEFAULT?`,
      `WARREN_OF_ROSES ${NOT_A_SETTING}`,
      `WARREN_SHOVEL_TOPOLOGY_PREDECLARED ${NOT_SUPPORTED}`,
    ]);
  });

  test('is quiet about variables of Kubernetes services and of applications', () => {
    const env = {
      WARREN_SERVICE_HOST: '10.0.0.1',
      WARREN_SERVICE_PORT_AMQP: '5672',
      WARREN_PORT: 'tcp://10.0.0.1:5672',
      WARREN_PORT_5672_TCP_ADDR: '10.0.0.1',
      WARREN_CONFIG_FILES: '',
      RABBITMQ_URL: 'amqp://localhost',
      RABBITMQ_NODENAME: 'rabbit@a',
      RABBITMQ_LOGS: '-',
    };
    expect(load({ env }).warnings).toEqual([]);
    expect(load({ env: { RABBITMQ_SSL_CERTFILE: '/c' } }).warnings).toHaveLength(1);
  });

  test('names the file to read, and --config another', () => {
    const files = { '/a.conf': 'heartbeat = 1', '/b.conf': 'heartbeat = 2' };
    const env = { RABBITMQ_CONFIG_FILE: '/a' };
    expect(load({ env, files }).config.get('heartbeat')).toBe(1);
    const flagged = load({ env, files, argv: ['--config=/b.conf'] });
    expect(flagged.config.get('heartbeat')).toBe(2);
    expect(flagged.files).toEqual(['/b.conf']);
  });
});

describe('the command line', () => {
  test('sets the port in short', () => {
    expect(listeners({ argv: ['--port', '0'] })).toEqual({ default: '0' });
  });

  test('shows help or version even if the rest is wrong, and then reads nothing', () => {
    const file = 'nonsense';
    expect(load({ argv: ['--nope', '-h'], file }).show).toBe('help');
    expect(load({ argv: ['--version'], file })).toMatchObject({ show: 'version', files: [] });
    expect(load({}).show).toBeNull();
  });

  test.each([
    [['--config'], '--config needs a value: --config FILE'],
    [['--config', '--port=1'], '--config needs a value: --config FILE'],
    [['--set', 'heartbeat'], '--set expects KEY=VALUE, such as --set heartbeat=30'],
    [['--help=yes'], '--help takes no value'],
    [['-x'], 'unknown flag -x: see --help'],
    [['--__proto__'], 'unknown flag --__proto__: see --help'],
    [['start'], "unexpected argument 'start'"],
  ])('refuses %j', (argv, problem) => {
    expect(problemsOf({ argv })).toContain(problem);
  });
});

describe('a configuration made by code', () => {
  test('takes texts, numbers and booleans and reads no file and no variable', () => {
    const config = Config.from({
      'listeners.tcp.default': 0,
      'log.console': false,
      heartbeat: '30s',
      'loopback_users.guest': false,
    });
    expect(config.get('listeners.tcp').get('default')).toEqual({ host: null, port: 0 });
    expect(config.get('log.console')).toBe(false);
    expect(config.get('heartbeat')).toBe(30);
    expect(config.source('heartbeat')).toBe('code');
    expect(Config.from({ 'listeners.tcp': 'none' }).get('listeners.tcp').size).toBe(0);
  });

  test('accepts nothing without effect', () => {
    const keys = { 'shovel.topology.predeclared': 1, hipe_compile: true } as Record<
      string,
      string | number | boolean
    >;
    expect(() => Config.from(keys)).toThrow(/shovel\.topology\.predeclared.*\n.*hipe_compile/);
  });

  test('cannot be changed', () => {
    const config = Config.from();
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.get('auth_mechanisms'))).toBe(true);
    expect(Object.isFrozen(config.get('listeners.tcp').get('default'))).toBe(true);
  });
});

describe('what operators are shown', () => {
  test('has no secret in it, of one value or of many', () => {
    const file = 'default_pass = hidden1\ndefault_users.boss.password = hidden2\n';
    const shown = load({ file: `${file}ssl_options.password = hidden3\n` }).config.shown();
    expect(JSON.stringify(shown)).not.toContain('hidden');
    expect(shown).toMatchObject({
      default_pass: '***',
      'default_users.$.password': { boss: '***' },
    });
  });

  test('treats as a secret whatever is called one', () => {
    // This one goes to every browser.
    const known = ['management.oauth_client_secret'];
    const named = [...ALL_OPTIONS].filter(([key]) => /(^|[._])(pass|password|secret)$/.test(key));
    const open = named.filter(([, option]) => option.secret !== true).map(([key]) => key);
    expect(open.filter((key) => !known.includes(key))).toEqual([]);
  });
});
