/**
 * TopicRights: which routing keys one session may use on which exchange: the user's topic
 * permissions with the session's variables put in. Looked up by exchange and remembered until the
 * permissions change; for exchanges without topic permissions it costs nothing but that.
 */
import type { Permissions } from './permissions.ts';
import type { TopicAccess, Variables } from './topic-permission.ts';

export class TopicRights {
  private readonly permissions: Permissions;
  private readonly variables: Variables;
  private readonly known = new Map<string, TopicAccess>();
  private version = -1;

  constructor(permissions: Permissions, variables: Variables) {
    this.permissions = permissions;
    this.variables = variables;
  }

  /** null if every key of the exchange may be used. */
  on(exchange: string): TopicAccess | null {
    const { permissions } = this;
    const permission = permissions.topics.get(exchange);
    if (permission === undefined) return null;
    if (this.version !== permissions.version) {
      this.known.clear();
      this.version = permissions.version;
    }
    const known = this.known.get(exchange);
    if (known !== undefined) return known;
    const access = permission.of(this.variables);
    this.known.set(exchange, access);
    return access;
  }
}
