/**
 * A broker that is to be killed: Warren as a program on a data directory of its own, with segments
 * so short that compaction runs all the time.
 */
import path from 'node:path';
import { Child } from '../support/child.ts';
import { FREE_PORTS } from '../support/free-ports.ts';

const MAIN = path.join(import.meta.dirname, '..', '..', 'src', 'main.ts');

export class CrashingBroker {
  readonly port: number;
  readonly bootMs: number;
  private readonly child: Child;

  private constructor(child: Child, port: number, bootMs: number) {
    this.child = child;
    this.port = port;
    this.bootMs = bootMs;
  }

  /** @throws Error with what it printed, if it does not start */
  static async start(folder: string): Promise<CrashingBroker> {
    const startedMs = performance.now();
    const env = {
      ...process.env,
      ...FREE_PORTS,
      WARREN_DATA_DIR: path.join(folder, 'data'),
      WARREN_MSG_STORE_FILE_SIZE_LIMIT: String(1024 * 1024),
    };
    const child = new Child(process.execPath, [MAIN], { cwd: folder, env });
    const [, port] = await child.printed(/^AMQP 0-9-1 listening on \S+:(\d+)$/m);
    await child.printed(/^Server startup complete$/m);
    return new CrashingBroker(child, Number(port), performance.now() - startedMs);
  }

  /** Lines that an operator should look at, except that it was killed. */
  get troubles(): string[] {
    const lines = this.child.output.split('\n');
    const expected = /lock of the data directory|were never written whole|are no messages/;
    return lines.filter((line) => /\[(warning|error)\]/.test(line) && !expected.test(line));
  }

  get output(): string {
    return this.child.output;
  }

  /** No good-bye. */
  async kill(): Promise<void> {
    this.child.signal('SIGKILL');
    await this.child.ended;
  }

  /** As an operator stops it. Resolves with its exit code. */
  async stop(): Promise<number | NodeJS.Signals> {
    this.child.signal('SIGTERM');
    return this.child.ended;
  }
}
