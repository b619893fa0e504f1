/**
 * Parameters: RabbitMQ's runtime parameters as the catalog's commands made them: JSON by vhost,
 * component and name, and by name alone for the whole broker. What a component means is up to who
 * registers it: limits are vhost-limits.ts, shovels and federation will be plugins.
 */
import type { ParameterRecord } from './catalog.ts';
import type { JsonValue } from './json.ts';

/** What a vhost's parameters of one component are for. */
export interface ParameterComponent {
  /** What is wrong with a value, in RabbitMQ's words; empty if nothing is. */
  check(name: string, value: JsonValue): readonly string[];
  /** A parameter was put, or deleted: then the value is null. */
  changed(vhost: string, name: string, value: JsonValue | null): void;
}

/** Narrows a listing; what is missing does not matter. */
export interface ParameterFilter {
  readonly vhost?: string;
  readonly component?: string;
}

export class Parameters {
  /** Those of the whole broker. */
  readonly global = new Map<string, JsonValue>();
  private readonly records = new Map<string, ParameterRecord>();
  private readonly components = new Map<string, ParameterComponent>();

  /** From now on the component may be used; it is told of what there is already. */
  register(name: string, component: ParameterComponent): void {
    this.components.set(name, component);
    for (const record of this.list({ component: name })) {
      component.changed(record.vhost, record.name, record.value);
    }
  }

  component(name: string): ParameterComponent | undefined {
    return this.components.get(name);
  }

  get(vhost: string, component: string, name: string): JsonValue | undefined {
    return this.records.get(keyOf(vhost, component, name))?.value;
  }

  list(filter: ParameterFilter = {}): ParameterRecord[] {
    const { vhost, component } = filter;
    return [...this.records.values()].filter(
      (record) =>
        (vhost === undefined || record.vhost === vhost) &&
        (component === undefined || record.component === component),
    );
  }

  put(record: ParameterRecord): void {
    const { vhost, component, name, value } = record;
    this.records.set(keyOf(vhost, component, name), record);
    this.components.get(component)?.changed(vhost, name, value);
  }

  delete(vhost: string, component: string, name: string): void {
    if (!this.records.delete(keyOf(vhost, component, name))) return;
    this.components.get(component)?.changed(vhost, name, null);
  }

  /** The vhost is gone, with all that was said about it. */
  deleteVhost(vhost: string): void {
    for (const { component, name } of this.list({ vhost })) this.delete(vhost, component, name);
  }
}

function keyOf(vhost: string, component: string, name: string): string {
  return JSON.stringify([vhost, component, name]);
}
