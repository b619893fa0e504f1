/** As much of stompit as the tests use: it has no types of its own. */
declare module 'stompit' {
  import type { EventEmitter } from 'node:events';

  type Headers = Readonly<Record<string, string | number>>;

  export type Message = NodeJS.ReadableStream & {
    readonly headers: Readonly<Record<string, string>>;
  };

  export interface Transaction {
    send(headers: Headers, options: object): NodeJS.WritableStream;
    commit(options: object): void;
    abort(options: object): void;
  }

  export interface Client extends EventEmitter {
    send(headers: Headers): NodeJS.WritableStream;
    subscribe(headers: Headers, got: (error: Error | null, message: Message) => void): unknown;
    ack(message: Message): void;
    nack(message: Message): void;
    begin(headers: Headers): Transaction;
    disconnect(done: (error: Error | null) => void): void;
    destroy(): void;
  }

  export function connect(
    options: { host: string; port: number; connectHeaders: Headers },
    done: (error: Error | null, client: Client) => void,
  ): Client;
}
