/**
 * Settings from environment variables. Every key has one, `WARREN_` and the key in capitals with
 * underscores; a few of RabbitMQ's names work too and lose against it. `<variable>_FILE` names a
 * file that holds the value, as Docker and Kubernetes hand out secrets. Empty counts as not set.
 */
import { readDockerVariables } from './config-docker.ts';
import type { ConfigFiles, Environment, Setting } from './config-file.ts';
import { memberKey } from './config-option.ts';
import { ALL_OPTIONS, aroundVariable, type OptionKey, variableOf } from './config-options.ts';
import {
  INERT_KEYS,
  KUBERNETES_VARIABLE,
  UNSUPPORTED_KEYS,
  UNSUPPORTED_VARIABLES,
} from './config-rabbitmq-keys.ts';
import { nearest } from './edit-distance.ts';

export interface EnvironmentSettings {
  readonly settings: readonly Setting[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** These say where the files are: see configPlace(). */
const FILE_VARIABLES = ['WARREN_CONFIG_FILE', 'WARREN_CONFIG_FILES'];

/** Reads what the environment sets; of two settings of a key the later one counts. */
export function readEnvironment(env: Environment, files: ConfigFiles): EnvironmentSettings {
  const docker = readDockerVariables(env, files);
  const settings: Setting[] = [...docker.settings];
  const problems: string[] = [];
  const warnings: string[] = [...docker.warnings];
  const listener = rabbitmqListener(env);
  if (listener !== null) settings.push(listener);
  const singles = singleVariables();
  for (const [variable, key] of singles) {
    const setting = readVariable(variable, key, env, files, problems);
    if (setting !== null) settings.push(setting);
  }
  for (const variable of Object.keys(env).sort()) {
    const value = env[variable];
    if (!value) continue;
    if (UNSUPPORTED_VARIABLES.some((pattern) => pattern.test(variable))) {
      // RABBITMQ_LOGS=- asks for the console, where the log goes anyway.
      if (value !== '-') warnings.push(notSupported(variable));
    }
    if (!variable.startsWith('WARREN_')) continue;
    if (singles.has(variable) || singles.has(variable.replace(/_FILE$/, ''))) continue;
    if (FILE_VARIABLES.includes(variable) || KUBERNETES_VARIABLE.test(variable)) continue;
    const key = familyKeyOf(variable);
    if (key !== null) settings.push({ key, value, origin: variable });
    else warnings.push(unknownVariable(variable, [...singles.keys(), ...FILE_VARIABLES]));
  }
  return { settings, problems, warnings };
}

function notSupported(variable: string): string {
  return `${variable} is not supported by this version of Warren and has no effect`;
}

/** RABBITMQ_NODE_PORT and RABBITMQ_NODE_IP_ADDRESS, which together are the default listener. */
function rabbitmqListener(env: Environment): Setting | null {
  const address = env.RABBITMQ_NODE_IP_ADDRESS || null;
  const port = env.RABBITMQ_NODE_PORT || null;
  if (address === null && port === null) return null;
  const origin = port === null ? 'RABBITMQ_NODE_IP_ADDRESS' : 'RABBITMQ_NODE_PORT';
  const value = address === null ? `${port}` : `${address}:${port ?? 5672}`;
  return { key: 'listeners.tcp.default', value, origin };
}

/** The variables of the options with one value; where two set the same, the later wins. */
function singleVariables(): Map<string, OptionKey> {
  const variables = new Map<string, OptionKey>();
  for (const [key, option] of ALL_OPTIONS) {
    if (option.kind !== 'single') continue;
    const aliases = option.aliases ?? [];
    const names = [...(option.env ?? []), ...aliases.map(variableOf), variableOf(key)];
    for (const name of names) variables.set(name, key);
  }
  return variables;
}

/** The value of a variable, or of the file that `<variable>_FILE` names, less its last newline. */
function readVariable(
  variable: string,
  key: string,
  env: Environment,
  files: ConfigFiles,
  problems: string[],
): Setting | null {
  const value = env[variable];
  if (value) return { key, value, origin: variable };
  const path = env[`${variable}_FILE`];
  if (!path) return null;
  const origin = `${variable}_FILE`;
  const text = files.readText(path);
  if (text !== null) return { key, value: text.replace(/\r?\n$/, ''), origin };
  problems.push(`${origin}: ${path}: no such file`);
  return null;
}

/** `listeners.tcp.default` for WARREN_LISTENERS_TCP_DEFAULT: names in capitals cannot be said. */
function familyKeyOf(variable: string): string | null {
  for (const [key, option] of ALL_OPTIONS) {
    if (option.kind === 'single') continue;
    if (variable === variableOf(key)) return key;
    const [before, behind] = aroundVariable(key);
    if (!variable.startsWith(before) || !variable.endsWith(behind)) continue;
    const member = variable.slice(before.length, variable.length - behind.length);
    if (member !== '') return memberKey(key, member.toLowerCase());
  }
  return null;
}

function unknownVariable(variable: string, known: readonly string[]): string {
  const foreign = [...UNSUPPORTED_KEYS, ...INERT_KEYS].some((entry) => {
    const name = variableOf(entry.replace(/=.*/, ''));
    return entry.endsWith('.') ? variable.startsWith(name) : variable === name;
  });
  if (foreign) return notSupported(variable);
  const families = [...ALL_OPTIONS].flatMap(([key, option]) =>
    option.kind === 'single' ? [] : Object.keys(option.default).map((name) => memberKey(key, name)),
  );
  const suggestion = nearest(variable, [...known, ...families.map(variableOf)]);
  const hint = suggestion === null ? '' : `: did you mean ${suggestion}?`;
  return `${variable} is not a setting of Warren and has no effect${hint}`;
}
