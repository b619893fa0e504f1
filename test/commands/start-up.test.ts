/** Health checks run a command every few seconds: what it loads is what it costs. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const commands = path.join(import.meta.dirname, '../../src/commands');

/** Tells at the end which of Node's own modules were loaded. */
const TELL =
  'data:text/javascript,process.on("exit",()=>console.error(process.moduleLoadList.join("\\n")))';

test('rabbitmq-diagnostics loads node:http, and of Node nothing that is larger', async () => {
  const tool = path.join(commands, 'rabbitmq-diagnostics.ts');
  const run = await promisify(execFile)(process.execPath, ['--import', TELL, tool, 'help', 'ping']);
  const loaded = run.stderr.split('\n');
  expect(run.stdout).toContain('rabbitmq-diagnostics ping');
  expect(loaded).toContain('NativeModule http');
  const large = ['deps/undici/undici', 'NativeModule crypto', 'NativeModule tls'];
  expect(loaded.filter((name) => large.some((one) => name.endsWith(one)))).toEqual([]);
});
