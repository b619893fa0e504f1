/**
 * The dependency rule of DESIGN.md §2 as a table, and the absence of circles. Reads imports from
 * the text, which biome keeps in one shape; the compiler answers for their existence.
 */
import path from 'node:path';
import type { Failure, Source } from './repository.ts';

/** One `import`, `export … from` or `import()`. */
export interface Import {
  readonly from: string;
  readonly line: number;
  /** The imported file's path from the root, or the package's name as written. */
  readonly to: string;
  /** Gone once the types are stripped. */
  readonly typeOnly: boolean;
}

type Zone =
  | 'composition root'
  | 'foundation'
  | 'engine'
  | 'ports'
  | 'storage'
  | 'cluster'
  | 'server'
  | 'plugins'
  | 'commands'
  | 'adapter list'
  | 'protocol'
  | 'ui'
  | 'free';

type Arrow = 'yes' | 'types';

/** The interfaces of storage and cluster: what the engine may know of them. */
const PORTS = [/^src\/storage\/message-store\.ts$/, /^src\/cluster\/[a-z-]*(port|interfaces)\.ts$/];

/** First match counts. Tests, scripts, benches and examples are free. */
const ZONES: readonly (readonly [RegExp, Zone])[] = [
  [
    /^src\/(main|embed|running-broker|broker-node|listeners|tls-identities)\.ts$/,
    'composition root',
  ],
  [/^src\/(management|boot-definitions|announcements|auth-backends)\.ts$/, 'composition root'],
  [/^src\/[^/]+\.ts$/, 'foundation'],
  [/^src\/(broker|auth)\//, 'engine'],
  ...PORTS.map((pattern) => [pattern, 'ports'] as const),
  [/^src\/storage\//, 'storage'],
  [/^src\/cluster\//, 'cluster'],
  [/^src\/server\//, 'server'],
  [/^src\/plugins\//, 'plugins'],
  [/^src\/commands\//, 'commands'],
  [/^protocols\/index\.ts$/, 'adapter list'],
  [/^protocols\//, 'protocol'],
  [/^ui\//, 'ui'],
];

/**
 * Who may import whom; what is not here is forbidden. `foundation` is src/limits.ts, log.ts,
 * clock.ts and the like, which everybody shares and which therefore may know nobody.
 */
const ARROWS: Readonly<Record<Exclude<Zone, 'free'>, Partial<Record<Zone, Arrow>>>> = {
  'composition root': {
    'composition root': 'yes',
    foundation: 'yes',
    engine: 'yes',
    ports: 'yes',
    storage: 'yes',
    cluster: 'yes',
    server: 'yes',
    plugins: 'yes',
    commands: 'yes',
    'adapter list': 'yes',
  },
  foundation: { foundation: 'yes', engine: 'types', ports: 'types', server: 'types' },
  engine: { foundation: 'yes', engine: 'yes', ports: 'yes' },
  ports: { foundation: 'yes', engine: 'types', ports: 'yes' },
  storage: { foundation: 'yes', engine: 'types', ports: 'yes', storage: 'yes' },
  cluster: { foundation: 'yes', engine: 'types', ports: 'yes', cluster: 'yes' },
  server: { foundation: 'yes', engine: 'types', server: 'yes' },
  plugins: { foundation: 'yes', engine: 'yes', plugins: 'yes' },
  // They talk to a broker that runs, and load little, so that health checks are quick.
  commands: { foundation: 'yes', commands: 'yes' },
  'adapter list': { foundation: 'yes', engine: 'types', server: 'yes', protocol: 'yes' },
  protocol: { foundation: 'yes', engine: 'yes', server: 'yes', protocol: 'yes' },
  ui: { ui: 'yes' },
};

/** Where the outside world begins: the engine has these handed in, so that tests can fake them. */
const OUTSIDE_WORLD =
  /^(node:)?(net|tls|dgram|https?|http2|fs|fs\/promises|child_process|worker_threads)$/;

/** `import a, { b } from 'c'` over any number of lines, `export … from 'c'`, `import 'c'`. */
const STATEMENT = /^(?:import|export)\s+(?:(type)\s+)?(?:([^'";]*?)\s+from\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)/g;

export function importsOf({ path: from, lines }: Source): Import[] {
  const text = lines.join('\n');
  const found: Import[] = [];
  const add = (index: number, specifier: string, typeOnly: boolean) => {
    const relative = specifier.startsWith('.');
    const to = relative ? path.posix.join(path.posix.dirname(from), specifier) : specifier;
    found.push({ from, line: text.slice(0, index).split('\n').length, to, typeOnly });
  };
  for (const match of text.matchAll(STATEMENT)) {
    add(match.index, match[3]!, match[1] !== undefined || allTypes(match[2]));
  }
  for (const match of text.matchAll(DYNAMIC)) add(match.index, match[1]!, false);
  return found;
}

/** `{ type A, type B }` and nothing else? */
function allTypes(clause: string | undefined): boolean {
  const names = /^\{(.*)\}$/s
    .exec(clause ?? '')?.[1]
    ?.split(',')
    .map((name) => name.trim());
  return names?.filter((name) => name !== '').every((name) => name.startsWith('type ')) ?? false;
}

/** Every import that DESIGN.md §2 does not allow. */
export function forbiddenArrows(sources: readonly Source[]): Failure[] {
  return sources
    .filter(isCode)
    .flatMap(importsOf)
    .flatMap((one) => {
      const text = objection(one);
      return text === null ? [] : [{ rule: 'arrow', path: one.from, line: one.line, text }];
    });
}

function objection({ from, to, typeOnly }: Import): string | null {
  const zone = zoneOf(from);
  if (zone === 'free') return null;
  if (!to.includes('/') || !/^(src|protocols|ui|test|bench|scripts|examples)\//.test(to)) {
    const world = from.startsWith('src/broker/') && OUTSIDE_WORLD.test(to) && !typeOnly;
    return world ? `the engine touches no socket, file or process: ${to}` : null;
  }
  if (zone === 'protocol' && zoneOf(to) === 'protocol' && folder(from) !== folder(to)) {
    return `a protocol never imports another: ${to}`;
  }
  if (/^src\/config(-[a-z]+)*\.ts$/.test(to) && !typeOnly && !/^src\/[^/]+$/.test(from)) {
    return `the configuration is passed in, never imported: ${to}`;
  }
  const target = zoneOf(to);
  const arrow = ARROWS[zone][target];
  if (arrow === undefined) return `${zone} must not import ${target}: ${to}`;
  if (arrow === 'types' && !typeOnly) return `${zone} may import only types of ${target}: ${to}`;
  return null;
}

function zoneOf(file: string): Zone {
  return ZONES.find(([pattern]) => pattern.test(file))?.[1] ?? 'free';
}

/** `protocols/amqp` of `protocols/amqp/methods/basic.ts`. */
function folder(file: string): string {
  return file.split('/').slice(0, 2).join('/');
}

function isCode({ path: name }: Source): boolean {
  return /\.(ts|tsx)$/.test(name);
}

/** One failure for each import that closes a circle of values; types form none at run time. */
export function importCycles(sources: readonly Source[]): Failure[] {
  const imports = new Map<string, Import[]>();
  for (const one of sources.filter(isCode)) {
    imports.set(
      one.path,
      importsOf(one).filter(({ typeOnly }) => !typeOnly),
    );
  }
  const failures: Failure[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (file: string) => {
    trail.push(file);
    for (const { to, line } of imports.get(file) ?? []) {
      const start = trail.indexOf(to);
      if (start >= 0) {
        const text = [...trail.slice(start), to].join(' → ');
        failures.push({ rule: 'circle', path: file, line, text });
      } else if (!done.has(to) && imports.has(to)) visit(to);
    }
    trail.pop();
    done.add(file);
  };
  for (const file of imports.keys()) if (!done.has(file)) visit(file);
  return failures;
}
