/** LDAP queries as RabbitMQ writes them, and what is put into them. The directory is elsewhere. */
import { describe, expect, test } from 'vitest';
import { parseTerm } from '../../src/auth/ldap/erlang-term.ts';
import { parseQuery, parseTagQueries } from '../../src/auth/ldap/query.ts';
import { filled, userArguments } from '../../src/auth/ldap/template.ts';

describe('an Erlang term', () => {
  test('is read with all that configuration files have', () => {
    const text = `
      % a comment
      [{'and', ["a \\"b\\"\\n", <<"c">>, -7, {}, []]}, true].
    `;
    const and = { tuple: [{ atom: 'and' }, ['a "b"\n', 'c', -7, { tuple: [] }, []]] };
    expect(parseTerm(text)).toEqual([and, { atom: 'true' }]);
  });

  test.each([
    ['', 'cut short'],
    ['{a', 'cut short'],
    ['{a b}', "expected ','"],
    ['[a,]', "cannot begin with ']'"],
    ['"a', 'no term begins'],
    ['Variable', 'no term begins'],
    ['a b', 'behind the term'],
    ['['.repeat(1000), 'nested too deep'],
  ])('%j is refused: %s', (text, why) => {
    expect(() => parseTerm(text)).toThrow(why);
  });
});

describe('a query', () => {
  test("is what RabbitMQ's guide writes", () => {
    const text = `
      {for, [{permission, configure, {in_group, "cn=wheel,ou=groups"}},
             {resource, "queue",
              {'or', [{in_group_nested, "cn=g", "uniqueMember", onelevel},
                      {'not', {exists, "ou=\${vhost}"}},
                      {match, {attribute, "\${user_dn}", "description"}, {string, "^a"}},
                      {equals, "a", "b"},
                      {constant, true}]}}]}`;
    const group = { kind: 'in_group', dn: 'cn=wheel,ou=groups', attribute: 'member' };
    const attribute = { kind: 'attribute', dn: `\${user_dn}`, attribute: 'description' };
    const string = (pattern: string) => ({ kind: 'string', pattern });
    const queries = [
      { kind: 'in_group_nested', dn: 'cn=g', attribute: 'uniqueMember', scope: 'one' },
      { kind: 'not', query: { kind: 'exists', dn: `ou=\${vhost}` } },
      { kind: 'match', left: attribute, right: string('^a') },
      { kind: 'equals', left: string('a'), right: string('b') },
      { kind: 'constant', value: true },
    ];
    expect(parseQuery(text)).toEqual({
      kind: 'for',
      cases: [
        { argument: 'permission', value: 'configure', query: group },
        { argument: 'resource', value: 'queue', query: { kind: 'or', queries } },
      ],
    });
    expect(parseTagQueries('[{administrator, {constant, false}}]')).toEqual([
      { tag: 'administrator', query: { kind: 'constant', value: false } },
    ]);
  });

  test.each([
    '{constant, maybe}',
    '{like, "a"}',
    '"text"',
    '{in_group, cn}',
    '{match, "a"}',
    '{for, [{permission, read}]}',
    '{in_group_nested, "a", "b", everywhere}',
  ])('%s is refused at the start', (text) => {
    expect(() => parseQuery(text)).toThrow(SyntaxError);
  });
});

describe('what is put in', () => {
  const args = new Map([
    ...userArguments('CORP\\a,b+c=*'),
    ['user_dn', 'uid=x,dc=y'],
    ['name', 'a.*(b)'],
  ]);

  test.each([
    ['plain', `\${username}`, 'CORP\\a,b+c=*'],
    ['dn', `cn=\${ad_user},dc=\${ad_domain}`, 'cn=a\\,b\\+c\\=*,dc=CORP'],
    ['dn', `\${user_dn}`, 'uid=x,dc=y'],
    ['dn', `cn=\${unknown}`, `cn=\${unknown}`],
  ] as const)('in %s text %s is %s', (use, template, result) => {
    expect(filled(template, args, use)).toBe(result);
  });

  test('in a pattern it matches itself only', () => {
    const pattern = new RegExp(`^${filled(`\${name}`, args, 'pattern')}$`);
    expect([pattern.test('a.*(b)'), pattern.test('axx(b)')]).toEqual([true, false]);
  });
});
