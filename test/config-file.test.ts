import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type ConfigFiles,
  configPlace,
  diskFiles,
  MAX_CONFIG_FILE_BYTES,
  parseConfigFile,
  readConfigFiles,
} from '../src/config-file.ts';

/** A file system of path → text. */
function memoryFiles(texts: Readonly<Record<string, string>>): ConfigFiles {
  return {
    readText: (path) => texts[path] ?? null,
    list(directory) {
      const paths = Object.keys(texts).filter((path) => path.startsWith(`${directory}/`));
      return paths.length === 0 ? null : paths.map((path) => path.slice(directory.length + 1));
    },
  };
}

function pairs(text: string, env = {}): [string, string][] {
  const { settings, problems } = parseConfigFile(text, 'test.conf', env);
  expect(problems).toEqual([]);
  return settings.map(({ key, value }) => [key, value]);
}

function problems(text: string, env = {}): readonly string[] {
  return parseConfigFile(text, 'test.conf', env).problems;
}

describe('a configuration file', () => {
  test('is lines of key and value with whitespace around both ignored', () => {
    expect(pairs('heartbeat = 60\n  frame_max=131072  \n\tlisteners.tcp.1\t=\t::1:5672\n')).toEqual(
      [
        ['heartbeat', '60'],
        ['frame_max', '131072'],
        ['listeners.tcp.1', '::1:5672'],
      ],
    );
  });

  test('may have comments, blank lines, CRLF, a byte order mark and no last newline', () => {
    expect(
      pairs('\uFEFF# top\r\n\r\n  ## more = less\r\nheartbeat = 60\r\nframe_max = 8192'),
    ).toEqual([
      ['heartbeat', '60'],
      ['frame_max', '8192'],
    ]);
  });

  test('may have a comment after a value, but not inside quotes', () => {
    expect(pairs("a = 1 # one\nb = 'x # y' # two\nc = 'z'#three\nd = =a= b")).toEqual([
      ['a', '1'],
      ['b', 'x # y'],
      ['c', 'z'],
      ['d', '=a= b'],
    ]);
  });

  test('keeps a hash within a word, and warns because RabbitMQ ends the value there', () => {
    const { settings, warnings } = parseConfigFile('x = 1\ndefault_pass = hun#ter2', 'r.conf', {});
    expect(settings[1]?.value).toBe('hun#ter2');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /^r\.conf line 2: .*'default_pass' contains a '#'.*quote the value$/,
    );
    expect(warnings[0]).not.toContain('hun');
  });

  test('takes a value of several lines between three quotes, with quotes and hashes', () => {
    const text =
      "a = '''\n[{'or', [],\r\n  \"#\"}]\n'''\nb = '''x''' # comment\nc = 1\nd = '''open";
    const { settings, problems } = parseConfigFile(text, 'r.conf', {});
    expect(settings).toEqual([
      { key: 'a', value: `[{'or', [], "#"}]`, origin: 'r.conf line 1' },
      { key: 'b', value: 'x', origin: 'r.conf line 5' },
      { key: 'c', value: '1', origin: 'r.conf line 6' },
    ]);
    expect(problems).toEqual(["r.conf line 7: the quotes of the value of 'd' are not in order"]);
  });

  test('takes an empty value only in quotes', () => {
    expect(pairs("default_pass = ''")).toEqual([['default_pass', '']]);
    expect(problems('default_pass =')[0]).toContain("'default_pass' has no value");
    expect(problems('default_pass = # nothing')[0]).toContain("'default_pass' has no value");
  });

  test('keeps whitespace and hashes that are quoted', () => {
    expect(pairs("a = ' #x '")).toEqual([['a', ' #x ']]);
  });

  test('keeps every setting of a repeated key with the line it stands on', () => {
    const { settings } = parseConfigFile('a = 1\n\na = 2', '/etc/w.conf', {});
    expect(settings).toEqual([
      { key: 'a', value: '1', origin: '/etc/w.conf line 1' },
      { key: 'a', value: '2', origin: '/etc/w.conf line 3' },
    ]);
  });

  test('may escape a dot within a word of a key', () => {
    expect(pairs('loopback_users.ada\\.l = true')).toEqual([['loopback_users.ada\\.l', 'true']]);
  });

  test('replaces $(NAME) by the variable, also several and in quotes', () => {
    const env = { USER_NAME: 'ada', SUFFIX: '#1 $(USER_NAME)' };
    expect(pairs("a = $(USER_NAME)\nb = 'x-$(USER_NAME)$(SUFFIX)'", env)).toEqual([
      ['a', 'ada'],
      ['b', 'x-ada#1 $(USER_NAME)'],
    ]);
    expect(problems('cluster_name = a-$(NOPE)')).toEqual([
      "test.conf line 1: 'cluster_name' refers to $(NOPE), which is not set",
    ]);
  });

  test('reports every line that is no setting, without repeating what may be a password', () => {
    const found = problems(
      "hunter2\nok = 1\nmy key = hunter2\n.a = 1\na..b = 1\nc = 'hunter2\nd = 'a'b",
    );
    expect(found.map((text) => text.split(':')[0])).toEqual([
      'test.conf line 1',
      'test.conf line 3',
      'test.conf line 4',
      'test.conf line 5',
      'test.conf line 6',
      'test.conf line 7',
    ]);
    expect(found.join()).not.toContain('hunter2');
    expect(found[0]).toContain("expected 'key = value'");
    expect(found[4]).toContain("quotes of the value of 'c'");
  });

  test('refuses encrypted values rather than taking the ciphertext for the value', () => {
    expect(problems('default_pass = encrypted:abc')[0]).toContain("'default_pass' is encrypted");
  });

  test('refuses control characters and files that are too long', () => {
    expect(problems('a = b\u0000c')[0]).toContain('control character');
    expect(problems(`# ${'x'.repeat(MAX_CONFIG_FILE_BYTES)}`)[0]).toContain('larger than');
    expect(problems(`a = b${' '.repeat(MAX_CONFIG_FILE_BYTES - 10)}c`)).toEqual([]);
  });
});

describe('the place of the files', () => {
  const both = memoryFiles({
    '/etc/warren/warren.conf': '',
    '/etc/rabbitmq/rabbitmq.conf': '',
    '/srv/custom.conf': '',
    '/srv/bare': '',
  });

  test('is exactly the file of the flag if there is one', () => {
    const env = { WARREN_CONFIG_FILE: '/srv/custom.conf', RABBITMQ_CONFIG_FILES: '/srv/d' };
    expect(configPlace('my.conf', env, both)).toEqual({
      file: 'my.conf',
      directory: null,
      required: ['my.conf'],
    });
  });

  test('is what variables name, ours before those of RabbitMQ', () => {
    const env = { RABBITMQ_CONFIG_FILE: '/srv/custom', RABBITMQ_CONFIG_FILES: '/srv/d/*.conf' };
    expect(configPlace(undefined, env, both)).toEqual({
      file: '/srv/custom.conf',
      directory: '/srv/d',
      required: ['/srv/custom.conf', '/srv/d'],
    });
    expect(configPlace(undefined, { ...env, WARREN_CONFIG_FILE: '/srv/bare' }, both)).toEqual({
      file: '/srv/bare',
      directory: '/etc/warren/conf.d',
      required: ['/srv/bare'],
    });
  });

  test('is ours in /etc, else that of a RabbitMQ, even if it has only a conf.d, else none', () => {
    expect(configPlace(undefined, {}, both).file).toBe('/etc/warren/warren.conf');
    const rabbit = memoryFiles({ '/etc/rabbitmq/conf.d/10-defaults.conf': '' });
    expect(configPlace(undefined, {}, rabbit)).toEqual({
      file: '/etc/rabbitmq/rabbitmq.conf',
      directory: '/etc/rabbitmq/conf.d',
      required: [],
    });
    expect(configPlace(undefined, {}, memoryFiles({ 'warren.conf': '' })).file).toBeNull();
  });
});

describe('reading the files', () => {
  test('applies conf.d after the main file, sorted by name, and nothing but *.conf', () => {
    const files = memoryFiles({
      '/e/main.conf': 'a = main',
      '/e/d/20-b.conf': 'a = twenty',
      '/e/d/10-a.conf': 'a = ten',
      '/e/d/README': 'not a setting',
    });
    const place = { file: '/e/main.conf', directory: '/e/d', required: [] };
    const result = readConfigFiles(place, {}, files);
    expect(result.paths).toEqual(['/e/main.conf', '/e/d/10-a.conf', '/e/d/20-b.conf']);
    expect(result.settings.map((setting) => setting.value)).toEqual(['main', 'ten', 'twenty']);
    expect(result.problems).toEqual([]);
  });

  test('misses only what somebody asked for by name', () => {
    const nothing = memoryFiles({});
    const place = { file: '/a.conf', directory: '/d', required: [] };
    expect(readConfigFiles(place, {}, nothing).problems).toEqual([]);
    expect(
      readConfigFiles({ ...place, required: ['/a.conf', '/d'] }, {}, nothing).problems,
    ).toEqual(['/d: no such directory', '/a.conf: no such file']);
  });
});

describe('the files of the machine', () => {
  test('are read as UTF-8, listed, missed, refused and cut at the limit', () => {
    const directory = mkdtempSync(join(tmpdir(), 'warren-config-'));
    try {
      writeFileSync(join(directory, 'a.conf'), 'a = ä');
      writeFileSync(join(directory, 'latin1'), Buffer.from('a = ä', 'latin1'));
      writeFileSync(join(directory, 'huge'), 'x'.repeat(MAX_CONFIG_FILE_BYTES + 1000));
      expect(diskFiles.readText(join(directory, 'a.conf'))).toBe('a = ä');
      expect(diskFiles.list(directory)).toContain('a.conf');
      expect(diskFiles.readText(join(directory, 'none'))).toBeNull();
      expect(diskFiles.list(join(directory, 'none'))).toBeNull();
      expect(() => diskFiles.readText(join(directory, 'latin1'))).toThrow('not in UTF-8');
      expect(() => diskFiles.readText(directory)).toThrow(`cannot read ${directory}: EISDIR`);
      expect(diskFiles.readText(join(directory, 'huge'))).toHaveLength(MAX_CONFIG_FILE_BYTES + 1);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
