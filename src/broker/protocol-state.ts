/**
 * ProtocolState: what adapters have to remember for their clients over a restart and queues cannot
 * hold: MQTT's sessions and retained messages. Values by kind and key, per vhost, changed by the
 * catalog's commands only. What a kind means is the adapter's business; it knows by the kind's
 * name, e.g. `mqtt.session`.
 */
import type { StateRecord } from './catalog.ts';
import type { Fields } from './field.ts';

const NOTHING: ReadonlyMap<string, Fields> = new Map();

export class ProtocolState {
  private readonly kinds = new Map<string, Map<string, Fields>>();

  /** Everything of a kind, by key. */
  of(kind: string): ReadonlyMap<string, Fields> {
    return this.kinds.get(kind) ?? NOTHING;
  }

  put({ kind, key, value }: StateRecord): void {
    const known = this.kinds.get(kind);
    if (known === undefined) this.kinds.set(kind, new Map([[key, value]]));
    else known.set(key, value);
  }

  delete(kind: string, key: string): void {
    const known = this.kinds.get(kind);
    known?.delete(key);
    if (known?.size === 0) this.kinds.delete(kind);
  }

  /** Everything, for a snapshot. */
  *records(vhost: string): Generator<StateRecord> {
    for (const [kind, values] of this.kinds) {
      for (const [key, value] of values) yield { vhost, kind, key, value };
    }
  }
}
