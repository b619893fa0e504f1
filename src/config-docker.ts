/**
 * Variables of RabbitMQ and of its older Docker images that stand for more than one setting, or for
 * one of several: RABBITMQ_LOG, RABBITMQ_VM_MEMORY_HIGH_WATERMARK, RABBITMQ_SSL_*,
 * RABBITMQ_MANAGEMENT_SSL_*; and RABBITMQ_ENABLED_PLUGINS, which is looked through only. Those with
 * one setting each are in the options' own rows.
 */
import { BUILT_IN_PLUGINS } from './built-in-plugins.ts';
import type { ConfigFiles, Environment, Setting } from './config-file.ts';

export interface DockerSettings {
  readonly settings: readonly Setting[];
  readonly warnings: readonly string[];
}

const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'none'];

/** What of an image's TLS variables is a setting of the same name. */
const TLS_NAMES = ['CACERTFILE', 'CERTFILE', 'DEPTH', 'FAIL_IF_NO_PEER_CERT', 'KEYFILE', 'VERIFY'];

/** Where they lead: the settings, the port that they open, and the one that they close. */
const TLS_PREFIXES = [
  {
    variable: 'RABBITMQ_SSL_',
    options: 'ssl_options',
    opens: ['listeners.ssl.default', '5671'],
    closes: ['listeners.tcp', 'none'],
  },
  {
    variable: 'RABBITMQ_MANAGEMENT_SSL_',
    options: 'management.ssl',
    opens: ['management.ssl.port', '15671'],
    closes: ['management.tcp.port', 'none'],
  },
] as const;

/** Reads them; anything else is passed over. */
export function readDockerVariables(env: Environment, files: ConfigFiles): DockerSettings {
  const settings: Setting[] = [];
  const warnings: string[] = [];
  readPlugins(env, files, warnings);
  readLog(env.RABBITMQ_LOG, settings, warnings);
  readWatermark(env.RABBITMQ_VM_MEMORY_HIGH_WATERMARK, settings, warnings);
  for (const { variable, options, opens, closes } of TLS_PREFIXES) {
    const found = TLS_NAMES.filter((name) => env[`${variable}${name}`]);
    for (const name of found) {
      const origin = `${variable}${name}`;
      const key = `${options}.${name.toLowerCase()}`;
      settings.push({ key, value: env[origin] as string, origin });
      warnings.push(`${origin} is deprecated: say ${key} in the configuration file`);
    }
    if (found.length === 0) continue;
    // As the images did: who has a certificate speaks TLS only.
    const origin = `${variable}${found[0]}`;
    for (const [key, value] of [opens, closes]) settings.push({ key, value, origin });
  }
  return { settings, warnings };
}

/** `rabbitmq_mqtt rabbitmq_stomp`, or a file with `[rabbitmq_mqtt,rabbitmq_stomp].` */
function readPlugins(env: Environment, files: ConfigFiles, warnings: string[]): void {
  const file = env.RABBITMQ_ENABLED_PLUGINS_FILE;
  const text = [env.RABBITMQ_ENABLED_PLUGINS, file && files.readText(file)].join(' ');
  const asked = text.match(/\b[a-z]\w+/g) ?? [];
  const missing = [...new Set(asked)].filter((name) => !BUILT_IN_PLUGINS.includes(name));
  if (missing.length === 0) return;
  warnings.push(
    `${missing.join(', ')}: RabbitMQ has such plugins, Warren does nothing of the kind`,
  );
}

/** `debug`, `info,connection.debug,+color`: a level, and what is said about categories. */
function readLog(text: string | undefined, settings: Setting[], warnings: string[]): void {
  for (const word of (text ?? '').split(',').map((one) => one.trim())) {
    const level = word.replace(/^=/, '');
    if (LEVELS.includes(level)) {
      settings.push({ key: 'log.console.level', value: level, origin: 'RABBITMQ_LOG' });
    } else if (word !== '' && !/^[+-](color|single_line)$/.test(word)) {
      warnings.push(`RABBITMQ_LOG: ${word} has no effect: there is one level for all categories`);
    }
  }
}

/** `0.4` and `40%` are a part of the memory, `2GB` is an amount. */
function readWatermark(text: string | undefined, settings: Setting[], warnings: string[]): void {
  if (!text) return;
  const origin = 'RABBITMQ_VM_MEMORY_HIGH_WATERMARK';
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  const fraction = /^(0?\.\d+|1(\.0*)?)$/.test(text) ? String(Number(text)) : null;
  const relative = percent === undefined ? fraction : String(Number(percent) / 100);
  const key = `vm_memory_high_watermark.${relative === null ? 'absolute' : 'relative'}`;
  settings.push({ key, value: relative ?? text, origin });
  warnings.push(`${origin} is deprecated: say ${key} in the configuration file`);
}
