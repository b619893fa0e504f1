/**
 * BrokerNode: a process that has a broker, or has one no more until it is told to start it again:
 * what RabbitMQ calls a node and its application (`rabbitmqctl stop_app`, `start_app`, `reset`).
 * A composition root around running-broker.ts; a broker inside another program has none.
 */
import { controlSocketOf } from './control-socket.ts';
import { type Parts, RunningBroker } from './running-broker.ts';
import { SHUTDOWN } from './server/protocol.ts';
import { StoppedNode } from './stopped-node.ts';
import { DataDirectory } from './storage/data-directory.ts';

export interface NodeParts extends Omit<Parts, 'stopApp'> {
  /** Called whenever its broker has started again. */
  readonly restarted?: (broker: RunningBroker) => void;
}

/** While there is no broker: what keeps its place. */
interface Standby {
  /** Nobody else may have it meanwhile. */
  readonly directory: DataDirectory;
  readonly control: StoppedNode;
}

export class BrokerNode {
  /** null while it is stopped. */
  running: RunningBroker | null = null;
  private standby: Standby | null = null;
  private readonly parts: NodeParts;
  /** Commands take effect one after the other. */
  private changes: Promise<void> = Promise.resolve();

  private constructor(parts: NodeParts) {
    this.parts = parts;
  }

  /** @throws Error if the broker cannot start */
  static async start(parts: NodeParts): Promise<BrokerNode> {
    const node = new BrokerNode(parts);
    node.running = await node.open();
    return node;
  }

  /** The process ends. */
  async stop(reason: string): Promise<void> {
    await this.running?.stop(reason);
    this.standby?.control.close();
    this.standby?.directory.close();
  }

  /** Clients are sent away and the ports closed; the process stays, and its data is as it was. */
  stopApp(): Promise<void> {
    return this.change(async () => {
      const folder = this.running?.directory?.path;
      if (this.running === null || folder === undefined) return;
      this.parts.log.info('stop_app: the broker stops, the process stays');
      await this.running.stop(SHUTDOWN);
      this.running = null;
      await this.stand(DataDirectory.open(folder, this.parts.log));
      this.parts.log.info('stop_app: the broker has stopped');
    });
  }

  /** @throws Error if the broker cannot start; then it is as stopped as before */
  private startApp(): Promise<void> {
    return this.change(async () => {
      const { standby } = this;
      if (standby === null) return;
      this.standby = null;
      // The command that asks for this keeps its connection.
      standby.control.close();
      standby.directory.close();
      try {
        this.running = await this.open();
        this.parts.restarted?.(this.running);
      } catch (error) {
        this.parts.log.error(`start_app: ${(error as Error).message}`);
        await this.stand(DataDirectory.open(standby.directory.path, this.parts.log));
        throw error;
      }
    });
  }

  private reset(): Promise<void> {
    return this.change(async () => {
      if (this.standby === null) return;
      await this.standby.directory.erase();
      this.parts.log.warning('reset: all messages and definitions are deleted');
    });
  }

  private open(): Promise<RunningBroker> {
    const stopApp = (): void => {
      this.stopApp().catch((error: Error) => {
        // Nothing is left that a command could reach.
        this.parts.log.error(`stop_app: ${error.message}`);
        this.parts.stop?.();
      });
    };
    return RunningBroker.start({ ...this.parts, stopApp });
  }

  private async stand(directory: DataDirectory): Promise<void> {
    const control = await StoppedNode.listen(controlSocketOf(directory.path), {
      start: () => this.startApp(),
      reset: () => this.reset(),
      end: () => this.parts.stop?.(),
    });
    this.standby = { directory, control };
  }

  private change(run: () => Promise<void>): Promise<void> {
    const done = this.changes.then(run);
    this.changes = done.catch(() => {});
    return done;
  }
}
