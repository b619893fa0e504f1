/**
 * Evaluation: the answers to queries about one user, asked of a directory. What cannot be answered
 * because an entry or attribute is missing is no; a server that fails is an error.
 */
import { LDAP_GROUPS_MAX } from '../../limits-auth.ts';
import { compilePattern } from '../pattern.ts';
import type { Directory } from './directory.ts';
import type { Query, TextQuery } from './query.ts';
import { type Arguments, filled, type Use } from './template.ts';

export class Evaluation {
  private readonly directory: Directory;
  private readonly args: Arguments;
  private readonly groupBase: string | null;

  /**
   * @param args what `${…}` stands for; `user_dn` among them
   * @param groupBase where groups are looked for that have groups in them; null for nowhere
   */
  constructor(directory: Directory, args: Arguments, groupBase: string | null) {
    this.directory = directory;
    this.args = args;
    this.groupBase = groupBase;
  }

  /** @throws Error if the directory cannot be asked */
  async answer(query: Query): Promise<boolean> {
    switch (query.kind) {
      case 'constant':
        return query.value;
      case 'exists':
        return this.directory.exists(this.dn(query.dn));
      case 'in_group':
        return this.directory.exists(this.dn(query.dn), query.attribute, this.userDn);
      case 'in_group_nested':
        return this.inNestedGroup(this.dn(query.dn), query.attribute, query.scope);
      case 'for': {
        const match = query.cases.find(({ argument, value }) => this.args.get(argument) === value);
        return match === undefined ? false : this.answer(match.query);
      }
      case 'not':
        return !(await this.answer(query.query));
      case 'and':
        for (const one of query.queries) if (!(await this.answer(one))) return false;
        return true;
      case 'or':
        for (const one of query.queries) if (await this.answer(one)) return true;
        return false;
      case 'equals': {
        const right = await this.texts(query.right, 'plain');
        return (await this.texts(query.left, 'plain')).some((text) => right.includes(text));
      }
      case 'match': {
        const patterns = (await this.texts(query.right, 'pattern')).map(compilePattern);
        const texts = await this.texts(query.left, 'plain');
        return texts.some((text) => patterns.some((pattern) => pattern.test(text)));
      }
    }
  }

  private get userDn(): string {
    return this.args.get('user_dn') ?? '';
  }

  private dn(template: string): string {
    return filled(template, this.args, 'dn');
  }

  private async texts(query: TextQuery, use: Use): Promise<string[]> {
    if (query.kind === 'string') return [filled(query.pattern, this.args, use)];
    return this.directory.attribute(this.dn(query.dn), query.attribute);
  }

  /** Goes from the user upwards, from group to group, each once. */
  private async inNestedGroup(
    wanted: string,
    attribute: string,
    scope: 'sub' | 'one',
  ): Promise<boolean> {
    const { groupBase } = this;
    if (groupBase === null) throw new Error('in_group_nested needs auth_ldap.group_lookup_base');
    const seen = new Set<string>();
    let members = [this.userDn];
    while (members.length > 0) {
      const found: string[] = [];
      for (const member of members) {
        for (const group of await this.directory.find(groupBase, scope, attribute, member)) {
          const key = normalized(group);
          if (key === normalized(wanted)) return true;
          if (seen.has(key)) continue;
          if (seen.size >= LDAP_GROUPS_MAX) throw new Error('the user is in too many groups');
          seen.add(key);
          found.push(group);
        }
      }
      members = found;
    }
    return false;
  }
}

/** Names of attributes and most values do not care for case, nor for spaces around commas. */
function normalized(dn: string): string {
  return dn.replace(/\s*([,=])\s*/g, '$1').toLowerCase();
}
