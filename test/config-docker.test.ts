/** Variables of RabbitMQ's Docker images, old and new. */
import { describe, expect, test } from 'vitest';
import { type LoadedConfig, loadConfig } from '../src/config.ts';
import { readDockerVariables } from '../src/config-docker.ts';
import type { ConfigFiles } from '../src/config-file.ts';

const NO_FILES: ConfigFiles = { readText: () => null, list: () => null };

function load(env: Readonly<Record<string, string>>): LoadedConfig {
  const texts: Readonly<Record<string, string>> = {
    '/run/secrets/password': 's3cret\n',
    '/etc/rabbitmq/enabled_plugins': '[rabbitmq_management,rabbitmq_shovel].\n',
    '/etc/rabbitmq/rabbitmq.conf': 'heartbeat = 33\n',
    '/etc/rabbitmq/conf.d/10-defaults.conf': 'loopback_users.guest = false\n',
    '/etc/rabbitmq/conf.d/20-mine.conf': 'channel_max = 77\nheartbeat = 44\n',
  };
  const files: ConfigFiles = {
    readText: (path) => texts[path] ?? null,
    list: (folder) =>
      folder === '/etc/rabbitmq/conf.d' ? ['20-mine.conf', '10-defaults.conf'] : null,
  };
  return loadConfig({ argv: [], env, files });
}

test('what people set on RabbitMQ’s image is set here, secrets from files too', () => {
  const { config, warnings, files } = load({
    RABBITMQ_DEFAULT_USER: 'boss',
    RABBITMQ_DEFAULT_PASS_FILE: '/run/secrets/password',
    RABBITMQ_DEFAULT_VHOST: 'main',
    RABBITMQ_NODENAME: 'rabbit@box',
    RABBITMQ_ERLANG_COOKIE: 'secret',
    RABBITMQ_USE_LONGNAME: 'true',
    RABBITMQ_LOGS: '-',
  });
  expect(warnings).toEqual([]);
  expect(config.get('default_user')).toBe('boss');
  expect(config.get('default_pass')).toBe('s3cret');
  expect(config.get('default_vhost')).toBe('main');
  expect(config.get('heartbeat')).toBe(44);
  expect(config.get('channel_max')).toBe(77);
  expect(files).toEqual([
    '/etc/rabbitmq/rabbitmq.conf',
    '/etc/rabbitmq/conf.d/10-defaults.conf',
    '/etc/rabbitmq/conf.d/20-mine.conf',
  ]);
});

describe('RABBITMQ_LOG', () => {
  test.each([
    ['debug', 'debug', 0],
    ['=warning,+color', 'warning', 0],
    ['info,connection.debug', 'info', 1],
  ])('%s', (value, level, warned) => {
    const { config, warnings } = load({ RABBITMQ_LOG: value });
    expect(config.get('log.console.level')).toBe(level);
    expect(warnings).toHaveLength(warned);
  });
});

describe('RABBITMQ_VM_MEMORY_HIGH_WATERMARK', () => {
  test.each([
    ['0.4', 'relative', '0.4'],
    ['.25', 'relative', '0.25'],
    ['49%', 'relative', '0.49'],
    ['2GB', 'absolute', '2GB'],
  ])('%s is %s', (value, kind, expected) => {
    const { settings } = readDockerVariables(
      { RABBITMQ_VM_MEMORY_HIGH_WATERMARK: value },
      NO_FILES,
    );
    const [{ key, value: set } = { key: '', value: '' }] = settings;
    expect([key, set]).toEqual([`vm_memory_high_watermark.${kind}`, expected]);
    const { config, warnings } = load({ RABBITMQ_VM_MEMORY_HIGH_WATERMARK: value });
    expect(config.source(`vm_memory_high_watermark.${kind}` as never)).not.toBe('default');
    expect(warnings[0]).toContain('is deprecated: say vm_memory_high_watermark');
  });
});

test('certificates of the older images turn TLS on and the plain ports off', () => {
  const { config, warnings } = load({
    RABBITMQ_SSL_CACERTFILE: '/ca.pem',
    RABBITMQ_SSL_CERTFILE: '/cert.pem',
    RABBITMQ_SSL_KEYFILE: '/key.pem',
    RABBITMQ_SSL_FAIL_IF_NO_PEER_CERT: 'true',
    RABBITMQ_SSL_VERIFY: 'verify_peer',
    RABBITMQ_MANAGEMENT_SSL_CERTFILE: '/cert.pem',
    RABBITMQ_MANAGEMENT_SSL_KEYFILE: '/key.pem',
  });
  expect(config.get('ssl_options.certfile')).toBe('/cert.pem');
  expect(config.get('ssl_options.fail_if_no_peer_cert')).toBe(true);
  expect([...config.get('listeners.tcp').values()]).toEqual([]);
  expect([...config.get('listeners.ssl').values()]).toMatchObject([{ port: 5671 }]);
  expect(config.get('management.ssl.port')).toMatchObject({ port: 15671 });
  expect(config.get('management.tcp.port')).toBeNull();
  expect(warnings).toHaveLength(7);
});

describe('RABBITMQ_ENABLED_PLUGINS', () => {
  test('is no news where Warren does the work of them by itself', () => {
    expect(
      load({ RABBITMQ_ENABLED_PLUGINS: 'rabbitmq_mqtt rabbitmq_management' }).warnings,
    ).toEqual([]);
    expect(load({ RABBITMQ_ENABLED_PLUGINS_FILE: '/nowhere' }).warnings).toEqual([]);
  });

  test('says what is not there', () => {
    const file = load({ RABBITMQ_ENABLED_PLUGINS_FILE: '/etc/rabbitmq/enabled_plugins' });
    expect(file.warnings).toEqual([
      'rabbitmq_shovel: RabbitMQ has such plugins, Warren does nothing of the kind',
    ]);
    expect(load({ RABBITMQ_ENABLED_PLUGINS: 'rabbitmq_federation' }).warnings[0]).toContain(
      'rabbitmq_federation',
    );
  });
});
