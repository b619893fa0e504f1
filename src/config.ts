/**
 * Config: the settings of one broker, typed by the option table, read once and passed, never
 * imported. This file decides which source wins and reports everything that is wrong in one go;
 * the options are in config-options.ts, the sources in config-flags.ts, config-environment.ts
 * and config-file.ts. It reads files only through what it is given.
 */
import { readEnvironment } from './config-environment.ts';
import {
  type ConfigFiles,
  configPlace,
  diskFiles,
  type Environment,
  readConfigFiles,
  type Setting,
} from './config-file.ts';
import { type CommandLine, parseCommandLine } from './config-flags.ts';
import { type AnyFamily, memberKey, type SingleOption } from './config-option.ts';
import {
  ALL_OPTIONS,
  findOption,
  type OptionKey,
  type OptionReference,
  type Options,
  type OptionValue,
} from './config-options.ts';
import { fateOf, INERT_KEYS, UNSUPPORTED_KEYS } from './config-rabbitmq-keys.ts';
import { nearest } from './edit-distance.ts';

/** Where a value came from; the later ones win over the earlier. */
export type Source = 'default' | 'file' | 'environment' | 'flag' | 'code';

type FamilyKey = {
  [Key in OptionKey]: Options[Key] extends SingleOption<unknown> ? never : Key;
}[OptionKey];

/** `listeners.tcp.default` of `listeners.tcp`, `default_users.u.tags` of `default_users.$.tags`. */
type MemberKey<Key extends string> = Key extends `${infer Before}$${infer Behind}`
  ? `${Before}${string}${Behind}`
  : `${Key}.${string}`;

/** Settings made by code, as in a file: `{ 'listeners.tcp.default': 0, heartbeat: '30s' }`. */
export type Overrides = {
  readonly [Key in Exclude<OptionKey, FamilyKey> | MemberKey<FamilyKey>]?:
    | string
    | number
    | boolean;
} & { readonly [Key in FamilyKey]?: 'none' };

/** The configuration cannot be used. The message holds every problem, one per line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** The settings of one broker. Never changes. */
export class Config {
  private readonly entries: ReadonlyMap<OptionKey, Entry>;

  /** For loadConfig() and from(), which see to it that every option has an entry. */
  constructor(entries: ReadonlyMap<OptionKey, Entry>) {
    this.entries = entries;
    Object.freeze(this);
  }

  /**
   * The defaults, except for what is given; no file and no variable is read.
   * @throws ConfigError if a key is unknown or a value not valid
   */
  static from(overrides: Overrides = {}): Config {
    const settings = Object.entries(overrides)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => ({ key, value: String(value), origin: 'code' }));
    const resolution = resolve([{ source: 'code', settings }]);
    const problems = [...resolution.problems, ...resolution.warnings, ...resolution.notes];
    if (problems.length > 0) throw new ConfigError(problems);
    return new Config(resolution.entries);
  }

  /** The value of an option: `config.get('heartbeat')`, `config.get('listeners.tcp')`. */
  get<Key extends OptionKey>(key: Key): OptionValue<Key> {
    return this.entry(key).value as OptionValue<Key>;
  }

  /** Where its value came from; of a family, the strongest source that set a member. */
  source(key: OptionKey): Source {
    return this.entry(key).source;
  }

  /** Every setting by its key, for operators to see; without secrets. */
  shown(): Record<string, unknown> {
    const all: Record<string, unknown> = {};
    for (const [key, option] of ALL_OPTIONS) {
      const { value } = this.entry(key);
      const shown = (one: unknown): unknown => (option.secret ? '***' : one);
      if (!(value instanceof Map)) all[key] = value instanceof Set ? [...value] : shown(value);
      else all[key] = Object.fromEntries([...value].map(([name, one]) => [name, shown(one)]));
    }
    return all;
  }

  private entry(key: OptionKey): Entry {
    const entry = this.entries.get(key);
    if (entry === undefined) throw new Error(`'${key}' is not an option`);
    return entry;
  }
}

interface Entry {
  readonly value: unknown;
  readonly source: Source;
}

/** What loadConfig() found. */
export interface LoadedConfig {
  readonly config: Config;
  /** What the user asked to see instead; the configuration is then the defaults, unread. */
  readonly show: 'help' | 'version' | null;
  /** For the log at level warning: what was written but has no effect. */
  readonly warnings: readonly string[];
  /** For the log at level debug: keys that are of no use to Warren. */
  readonly notes: readonly string[];
  /** The files that were read, in order. */
  readonly files: readonly string[];
}

/** Where loadConfig() looks. */
export interface ConfigSources {
  /** What follows the name of the program. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** How files are reached; those of the machine if not given. */
  readonly files?: ConfigFiles;
}

/**
 * The configuration of a process: flags win over the environment, that over the files, those
 * over the defaults.
 * @throws ConfigError with everything that is wrong in any of them
 */
export function loadConfig({ argv, env, files = diskFiles }: ConfigSources): LoadedConfig {
  const flags = parseCommandLine(argv);
  if (flags.show !== null) {
    return { config: Config.from(), show: flags.show, warnings: [], notes: [], files: [] };
  }
  const { file, environment } = readSources(flags, env, files);
  const resolution = resolve([
    { source: 'file', settings: file.settings },
    { source: 'environment', settings: environment.settings },
    { source: 'flag', settings: flags.settings },
  ]);
  const problems = [flags, file, environment, resolution].flatMap((part) => part.problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    config: new Config(resolution.entries),
    show: null,
    warnings: [file, environment, resolution].flatMap((part) => part.warnings),
    notes: resolution.notes,
    files: file.paths,
  };
}

/** @throws ConfigError if a file is there but cannot be read */
function readSources(flags: CommandLine, env: Environment, files: ConfigFiles) {
  try {
    const place = configPlace(flags.configFile, env, files);
    return { file: readConfigFiles(place, env, files), environment: readEnvironment(env, files) };
  } catch (error) {
    throw new ConfigError([...flags.problems, (error as Error).message]);
  }
}

interface Layer {
  readonly source: Source;
  /** Of two settings of a key the later one counts. */
  readonly settings: readonly Setting[];
}

interface Resolution {
  readonly entries: ReadonlyMap<OptionKey, Entry>;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

/** What the layers so far say about an option. */
interface Draft {
  source: Source;
  /** By name; a single option has only ''. An undefined value takes a member out. */
  readonly members: Map<string, unknown>;
  /** Whether `none` has dropped the defaults. */
  emptied: boolean;
}

/** Lays the sources over each other, weakest first. */
function resolve(layers: readonly Layer[]): Resolution {
  const drafts = new Map<OptionKey, Draft>();
  const problems: string[] = [];
  const warnings: string[] = [];
  const notes: string[] = [];
  for (const { source, settings } of layers) {
    const known: ReadSetting[] = [];
    for (const setting of settings) {
      const reference = findOption(setting.key);
      if (reference !== null) {
        const read = readSetting(reference, setting);
        if (typeof read === 'string') problems.push(read);
        else known.push(read);
        continue;
      }
      const fate = fateOf(setting.key, setting.value);
      if (fate === null) problems.push(unknownKey(setting));
      else if (fate === 'inert') notes.push(`${name(setting)} has no effect in Warren`);
      else warnings.push(`${name(setting)} ${NOT_SUPPORTED}`);
    }
    apply(known, source, drafts);
  }
  const entries = new Map<OptionKey, Entry>();
  for (const key of ALL_OPTIONS.keys()) entries.set(key, entryOf(key, drafts));
  return { entries, problems, warnings, notes };
}

const NOT_SUPPORTED = 'is not supported by this version of Warren and has no effect';

/** `rabbitmq.conf line 12: 'heartbeat'`. */
function name(setting: Setting): string {
  return `${setting.origin}: '${setting.key}'`;
}

interface ReadSetting extends OptionReference {
  readonly value: unknown;
}

/** The setting with its value, or what is wrong with it. */
function readSetting(reference: OptionReference, setting: Setting): ReadSetting | string {
  const { option, member } = reference;
  const none = option.kind !== 'single' && option.none;
  if (none && setting.value === 'none') return { ...reference, value: undefined };
  if (option.kind !== 'single' && member === null) {
    return `${name(setting)} can only be none; the others are ${setting.key}.<${option.member}>`;
  }
  const value = option.type.parse(setting.value);
  if (value !== undefined) return { ...reference, value };
  const shown = option.secret ? '' : ` = ${quoted(setting.value)}`;
  const expected = `${option.type.expected}${none ? ', or none' : ''}`;
  return `${name(setting)}${shown} is not valid: expected ${expected}`;
}

/** As much of a value as a message should repeat. */
function quoted(value: string): string {
  const cut = value.length > 60 ? `${value.slice(0, 60)}…` : value;
  return `'${cut.replace(/\p{Cc}/gu, '?')}'`;
}

/** Adds one layer. Within it `none` wins over members, whatever the order, as in RabbitMQ. */
function apply(settings: readonly ReadSetting[], source: Source, drafts: Map<OptionKey, Draft>) {
  const emptied = new Set<OptionKey>();
  for (const { key, option, member, value } of settings) {
    const draft = drafts.get(key) ?? { source, members: new Map(), emptied: false };
    drafts.set(key, draft);
    draft.source = source;
    if (option.kind !== 'single' && member === null) {
      draft.members.clear();
      draft.emptied = true;
      emptied.add(key);
    } else if (!emptied.has(key)) {
      draft.members.set(member ?? '', value);
    }
  }
}

function entryOf(key: OptionKey, drafts: ReadonlyMap<OptionKey, Draft>): Entry {
  const option = ALL_OPTIONS.get(key);
  if (option === undefined) throw new Error(`'${key}' is not an option`);
  const draft = drafts.get(key);
  const source = draft?.source ?? 'default';
  if (option.kind !== 'single') return { value: familyValue(option, draft), source };
  if (draft !== undefined) return { value: draft.members.get(''), source };
  if (typeof option.default === 'string')
    return { value: option.type.parse(option.default), source };
  return { value: entryOf(option.default.sameAs as OptionKey, drafts).value, source };
}

function familyValue(option: AnyFamily, draft: Draft | undefined): unknown {
  const members = new Map<string, unknown>();
  const defaultsHold = draft === undefined || !(option.defaultsReplaced || draft.emptied);
  for (const [member, text] of Object.entries(defaultsHold ? option.default : {})) {
    members.set(member, option.type.parse(text));
  }
  for (const [member, value] of draft?.members ?? []) {
    if (value === undefined) members.delete(member);
    else members.set(member, value);
  }
  if (option.kind === 'map') return members;
  if (option.kind === 'set') return new Set([...members.keys()].filter((it) => members.get(it)));
  return Object.freeze([...members.keys()].sort(byNumber).map((member) => members.get(member)));
}

/** Numbers in order, then names as they came. */
function byNumber(a: string, b: string): number {
  const order = (text: string) => (/^\d+$/.test(text) ? Number(text) : Number.MAX_VALUE);
  return order(a) - order(b);
}

function unknownKey(setting: Setting): string {
  const suggestion = nearestKey(setting.key);
  const hint = suggestion === null ? '' : `: did you mean '${suggestion}'?`;
  return `${setting.origin}: unknown key '${setting.key}'${hint}`;
}

/** The known key that was probably meant; members keep the name that was written. */
function nearestKey(written: string): string | null {
  const words = written.split('.');
  const candidates: string[] = [];
  const addPrefix = (prefix: string) => {
    const length = prefix.split('.').length;
    if (prefix.includes('$')) {
      const at = prefix.split('.').indexOf('$');
      if (words.length === length) candidates.push(memberKey(prefix, words[at] as string));
      return;
    }
    const rest = words.slice(length);
    if (rest.length > 0) candidates.push([prefix, ...rest].join('.'));
  };
  for (const [key, option] of ALL_OPTIONS) {
    if (option.kind === 'single') {
      candidates.push(key, ...(option.aliases ?? []));
      continue;
    }
    if (written === key) return memberKey(key, `<${option.member}>`);
    if (option.none) candidates.push(key);
    addPrefix(key);
  }
  for (const entry of [...UNSUPPORTED_KEYS, ...INERT_KEYS]) {
    if (entry.endsWith('.')) addPrefix(entry.slice(0, -1));
    else candidates.push(entry.replace(/=.*/, ''));
  }
  return nearest(written, candidates);
}
