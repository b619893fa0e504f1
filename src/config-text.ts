/**
 * What people read about the configuration: `--help` and config/warren.conf, both made from the
 * tables of options and flags, so that they cannot drift from what the broker does.
 */
import { FLAGS } from './config-flags.ts';
import { type AnyOption, memberKey } from './config-option.ts';
import { ALL_OPTIONS, aroundVariable, variableOf } from './config-options.ts';

const COLUMNS = 80;

/** What `--help` prints, with a newline at the end. */
export function helpText(): string {
  const lines = ['Usage: warren [flags]', '', 'Flags:'];
  for (const [flagName, { value, short, text }] of Object.entries(FLAGS)) {
    const flag = `--${flagName}${value === undefined ? '' : ` ${value}`}`;
    lines.push(`  ${(short === undefined ? flag : `-${short}, ${flag}`).padEnd(20)}  ${text}`);
  }
  const rules =
    'Settings are read from --config FILE, else from $WARREN_CONFIG_FILE, ' +
    '$RABBITMQ_CONFIG_FILE, /etc/warren/warren.conf or /etc/rabbitmq/rabbitmq.conf and the ' +
    '*.conf files in conf.d beside it ($WARREN_CONFIG_FILES, $RABBITMQ_CONFIG_FILES). ' +
    'A variable such as WARREN_HEARTBEAT=30 wins over the files (WARREN_DEFAULT_PASS_FILE names ' +
    'a file with the value), a flag such as --set heartbeat=30 over both. The keys are those of ' +
    'rabbitmq.conf:';
  lines.push('', ...wrap(rules, ''));
  for (const [group, options] of grouped()) {
    lines.push('', `${group}:`);
    for (const [key, option] of options) {
      lines.push(`  ${title(key, option)} = ${option.type.placeholder}  [${defaultText(option)}]`);
      lines.push(...wrap(option.text, '      '));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The content of config/warren.conf: every option, commented out, with its default. */
export function sampleFile(): string {
  const introduction =
    'Configuration of Warren. Every setting is here with its default, commented out. The keys ' +
    'and the syntax are those of rabbitmq.conf. A setting can also be given as the environment ' +
    'variable shown with it, or on the command line as --set key=value. ' +
    'Made by scripts/config-sample.ts from src/config-options.ts: edit that, not this.';
  const lines = wrap(introduction, '# ');
  for (const [group, options] of grouped()) {
    lines.push('', '', `# ---- ${group} ----`);
    for (const [key, option] of options) lines.push('', ...sampleOption(key, option));
  }
  return `${lines.join('\n')}\n`;
}

function sampleOption(key: string, option: AnyOption): string[] {
  const lines = wrap(option.text, '# ');
  lines.push(...wrap(`Value: ${sentence(option)}`, '# '));
  lines.push(...wrap(`Variable: ${variables(key, option)}`, '# '));
  if (option.kind === 'single') {
    if (option.aliases) lines.push(...wrap(`Also: ${option.aliases.join(', ')}`, '# '));
    if (typeof option.default === 'string')
      return [...lines, `# ${key} = ${option.default || "''"}`];
    const { sameAs } = option.default;
    return [...lines, `# Default: that of ${sameAs}`, `# ${key} = ${defaultOf(sameAs)}`];
  }
  const members = Object.entries(option.default);
  if (members.length === 0) {
    return [...lines, `# ${title(key, option)} = ${option.type.placeholder}`];
  }
  return [...lines, ...members.map(([member, value]) => `# ${memberKey(key, member)} = ${value}`)];
}

/** The default of an option that others refer to. */
function defaultOf(key: string): string {
  const option = (ALL_OPTIONS as ReadonlyMap<string, AnyOption>).get(key);
  return option === undefined ? '' : defaultText(option) || "''";
}

function sentence(option: AnyOption): string {
  const none = option.kind !== 'single' && option.none;
  return `${option.type.expected}${none ? ', or none' : ''}`;
}

function variables(key: string, option: AnyOption): string {
  if (option.kind !== 'single') {
    const [before, behind] = aroundVariable(key);
    return `${before}<${option.member.toUpperCase()}>${behind}`;
  }
  return [variableOf(key), ...(option.env ?? [])].join(', ');
}

function title(key: string, option: AnyOption): string {
  return option.kind === 'single' ? key : memberKey(key, `<${option.member}>`);
}

function defaultText(option: AnyOption): string {
  if (option.kind !== 'single') {
    const members = Object.entries(option.default);
    return members.map(([member, value]) => `${member} = ${value}`).join(', ');
  }
  if (typeof option.default === 'string') return option.default;
  return `as ${option.default.sameAs}`;
}

function grouped(): Map<string, [string, AnyOption][]> {
  return Map.groupBy(ALL_OPTIONS as ReadonlyMap<string, AnyOption>, ([, option]) => option.group);
}

/** Breaks a text between words; a word longer than the line stands alone. */
function wrap(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > COLUMNS) {
      lines.push(indent + line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, indent + line];
}
