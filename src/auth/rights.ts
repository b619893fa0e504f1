/**
 * Rights: what somebody may do in one vhost, whoever decides it: permissions that the broker keeps
 * itself (permissions.ts) or a backend (asked-rights.ts). Sessions look at them through
 * session-rights.ts.
 */
import type { Access } from './permissions.ts';

/** What a name is the name of. */
export type ResourceKind = 'queue' | 'exchange';

export interface Rights {
  /** Counts changes: a verdict that was given may be another now. */
  readonly version: number;
  /** May the user be in the vhost at all? @throws Undecided */
  readonly open: boolean;
  /** @throws Undecided */
  allows(access: Access, name: string, kind: ResourceKind): boolean;
  /** What is said about the routing keys of a topic exchange; null if every key may be used. */
  topic(exchange: string): KeyRule | null;
}

/** What `{name}` stands for in a pattern. */
export type Variables = ReadonlyMap<string, string>;

/** What is said about the routing keys of one exchange. */
export interface KeyRule {
  /** The same for one session. */
  of(variables: Variables): KeyRights;
}

/** Which routing keys of one exchange a session may use. */
export interface KeyRights {
  /** @throws Undecided */
  allows(access: 'write' | 'read', key: string): boolean;
}

/** Nothing is allowed. */
export const NO_RIGHTS: Rights = {
  version: 0,
  open: false,
  allows: () => false,
  topic: () => null,
};
