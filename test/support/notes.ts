/** Notes: a protocol whose connections write down what a listener tells them. */
import { expect, vi } from 'vitest';
import type { Client, Connection, Description, Protocol } from '../../src/server/protocol.ts';

export class Note implements Connection {
  readonly client: Client;
  readonly told: string[] = [];
  text = '';
  /** Who has logged in, as the registry is told. */
  user: string | null = null;
  vhost: string | null = '/';
  /** What it does when it is told to stop. */
  leave: () => void;

  constructor(client: Client) {
    this.client = client;
    this.leave = () => client.end();
  }

  receive(buffer: Buffer, start: number, end: number): void {
    this.text += buffer.toString('latin1', start, end);
  }

  drained(): void {
    this.told.push('drained');
  }

  storeBusy(busy: boolean): void {
    this.told.push(`busy ${busy}`);
  }

  closed(): void {
    this.told.push('closed');
  }

  stop(reason: string): void {
    this.told.push(`stop ${reason}`);
    this.leave();
  }

  describe(): Description {
    return { protocol: 'Notes 1.0', state: 'running', user: this.user, vhost: this.vhost };
  }

  /** Resolves when the broker knows that the client has gone. */
  gone(): Promise<void> {
    return vi.waitFor(() => expect(this.told).toContain('closed'), {
      ...{ timeout: 10_000, interval: 5 },
    });
  }

  /** Lets time that is held pass until the broker lets go of the client. */
  async forced(stepMs = 1000): Promise<void> {
    while (!this.told.includes('closed')) {
      vi.advanceTimersByTime(stepMs);
      await new Promise(setImmediate);
    }
  }
}

export class Notes implements Protocol {
  readonly name = 'Notes';
  readonly all: Note[] = [];

  connect(client: Client): Connection {
    const note = new Note(client);
    this.all.push(note);
    return note;
  }
}
