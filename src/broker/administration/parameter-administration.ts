/**
 * ParameterAdministration: runtime parameters of vhosts and of the whole broker, and the limits of
 * vhosts, which are parameters underneath. A component that nobody has registered is refused.
 */
import type { ParameterRecord } from '../catalog.ts';
import type { JsonValue } from '../json.ts';
import type { ParameterFilter } from '../parameters.ts';
import { VHOST_LIMITS, VHOST_LIMITS_NAME, type VhostLimits } from '../vhost-limits.ts';
import type { AdministrationContext } from './administration.ts';
import { AdministrationError, noSuchVhost } from './refusal.ts';

export class ParameterAdministration {
  private readonly context: AdministrationContext;

  constructor(context: AdministrationContext) {
    this.context = context;
  }

  /** @throws AdministrationError if the filter names a vhost that is not there */
  list(filter: ParameterFilter = {}): ParameterRecord[] {
    if (filter.vhost !== undefined) this.checkVhost(filter.vhost);
    return this.context.parameters.list(filter);
  }

  get(vhost: string, component: string, name: string): ParameterRecord | null {
    const value = this.context.parameters.get(vhost, component, name);
    return value === undefined ? null : { vhost, component, name, value };
  }

  /**
   * Sets a parameter.
   * @returns whether it is a new one
   * @throws AdministrationError if the vhost is missing, or the component refuses the value
   */
  async put(vhost: string, component: string, name: string, value: JsonValue): Promise<boolean> {
    if (component === 'policy') {
      throw new AdministrationError('policies may not be set using this method');
    }
    this.checkVhost(vhost);
    const problems = this.context.parameters.component(component)?.check(name, value) ?? [
      `component ${component} not found`,
    ];
    if (problems.length > 0) {
      throw new AdministrationError(`Validation failed\n\n${problems.join('\n')}\n`);
    }
    const isNew = this.get(vhost, component, name) === null;
    await this.context.propose({ op: 'parameter.put', record: { vhost, component, name, value } });
    const what = `parameter '${name}' of component '${component}' in vhost '${vhost}'`;
    this.context.log.info(`${what} set by '${this.context.actor}'`);
    return isNew;
  }

  /** @throws AdministrationError if there is no such parameter */
  async delete(vhost: string, component: string, name: string): Promise<void> {
    if (component === 'policy') {
      throw new AdministrationError('policies may not be cleared using this method');
    }
    if (this.get(vhost, component, name) === null) throw noSuchParameter();
    await this.context.propose({ op: 'parameter.delete', vhost, component, name });
    const what = `parameter '${name}' of component '${component}' in vhost '${vhost}'`;
    this.context.log.info(`${what} cleared by '${this.context.actor}'`);
  }

  listGlobal(): { readonly name: string; readonly value: JsonValue }[] {
    return [...this.context.parameters.global].map(([name, value]) => ({ name, value }));
  }

  getGlobal(name: string): JsonValue | undefined {
    return this.context.parameters.global.get(name);
  }

  /** @returns whether it is a new one */
  async putGlobal(name: string, value: JsonValue): Promise<boolean> {
    const isNew = !this.context.parameters.global.has(name);
    await this.context.propose({ op: 'global-parameter.put', name, value });
    this.context.log.info(`global parameter '${name}' set by '${this.context.actor}'`);
    return isNew;
  }

  /** @throws AdministrationError if there is no such parameter */
  async deleteGlobal(name: string): Promise<void> {
    if (!this.context.parameters.global.has(name)) throw noSuchParameter();
    await this.context.propose({ op: 'global-parameter.delete', name });
    this.context.log.info(`global parameter '${name}' cleared by '${this.context.actor}'`);
  }

  /** What holds for a vhost; null if nothing was ever set. */
  limits(vhost: string): VhostLimits | null {
    return (this.get(vhost, VHOST_LIMITS, VHOST_LIMITS_NAME)?.value as VhostLimits) ?? null;
  }

  /** Sets some limits of a vhost and leaves the others. @throws AdministrationError */
  async setLimits(vhost: string, limits: { readonly [key: string]: JsonValue }): Promise<void> {
    const all = { ...this.limits(vhost), ...limits };
    await this.put(vhost, VHOST_LIMITS, VHOST_LIMITS_NAME, all);
  }

  /** Takes one limit of a vhost away. @throws AdministrationError if there is no such vhost */
  async clearLimit(vhost: string, limit: string): Promise<void> {
    const rest = Object.entries(this.limits(vhost) ?? {}).filter(([key]) => key !== limit);
    await this.put(vhost, VHOST_LIMITS, VHOST_LIMITS_NAME, Object.fromEntries(rest));
  }

  private checkVhost(vhost: string): void {
    if (!this.context.vhosts.has(vhost)) throw noSuchVhost(vhost);
  }
}

function noSuchParameter(): AdministrationError {
  return new AdministrationError('Parameter does not exist', 'NOT_FOUND');
}
