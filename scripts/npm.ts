/**
 * npm, for our scripts and tests: runs the npm that started us, so that one `npm run` never mixes
 * two versions, or else the one in PATH. (scripts/setup.cjs has its own, as it must need nothing.)
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * Runs `npm <args>` in a folder.
 * @returns what it printed on standard output
 * @throws Error with everything it printed, if it fails
 */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const script = process.env.npm_execpath;
  const same = script !== undefined && path.basename(script) === 'npm-cli.js';
  // npm_node_execpath is the Node that this npm was installed with.
  const node = process.env.npm_node_execpath ?? process.execPath;
  const [file, all] = same ? [node, [script, ...args]] : ['npm', [...args]];
  try {
    const { stdout } = await execute(file, all, { cwd, env: cleanEnvironment() });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/**
 * What the npm around us says about its own run (project folder, script, flags such as --silent or
 * --offline) is not meant for the one we start; where npm keeps its cache and settings is.
 */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const keep = /^npm_config_(cache|userconfig|globalconfig|registry|cafile)$|^npm_execpath$/i;
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter(([name]) => !/^npm_/i.test(name) || keep.test(name)));
}
