/**
 * StoppedNode: what answers commands on the control socket while a node has no broker, after
 * `rabbitmqctl stop_app`: that it is there, and start, reset or end it. Everything else is 503.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What a stopped node can be told to do. */
export interface StoppedNodeActions {
  /** @throws Error if the broker cannot start */
  start(): Promise<void>;
  /** Forgets everything. */
  reset(): Promise<void>;
  /** Ends the process. */
  end(): void;
}

const NOT_RUNNING = {
  error: 'not_running',
  reason: 'the broker is stopped: rabbitmqctl start_app',
};

export class StoppedNode {
  private readonly server: Server;
  private readonly actions: StoppedNodeActions;

  private constructor(actions: StoppedNodeActions) {
    this.actions = actions;
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  /** Listens on a socket that only this user may open. @throws Error if that cannot be had */
  static async listen(path: string, actions: StoppedNodeActions): Promise<StoppedNode> {
    const node = new StoppedNode(actions);
    await new Promise<void>((resolve, reject) => {
      node.server.once('error', reject);
      // It is made before listen() returns: nobody gets in between it and a chmod.
      const before = process.umask(0o177);
      node.server.listen(path, resolve);
      process.umask(before);
    });
    return node;
  }

  /** Takes no more commands, and removes the socket; the command that asked for it is answered. */
  close(): void {
    this.server.close();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    try {
      const body = await this.act(`${request.method} ${request.url}`);
      send(response, body === undefined ? 204 : 200, body);
    } catch (error) {
      if (error === NOT_RUNNING) send(response, 503, NOT_RUNNING);
      else send(response, 500, { error: 'start_failed', reason: (error as Error).message });
    }
  }

  private async act(what: string): Promise<unknown> {
    switch (what) {
      case 'GET /control/ping':
        return { status: 'ok', running: false };
      case 'POST /control/app/start':
        return this.actions.start();
      case 'POST /control/app/stop':
        return undefined;
      case 'POST /control/app/reset':
        return this.actions.reset();
      case 'POST /control/stop':
        setImmediate(() => this.actions.end());
        return undefined;
      default:
        throw NOT_RUNNING;
    }
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
