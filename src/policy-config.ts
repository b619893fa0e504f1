/**
 * Policy configuration: the operator policies of `default_policies.operator.*`, as new vhosts get
 * them. The options are in config-options-policies.ts.
 */
import type { DefaultOperatorPolicy } from './broker/administration/vhost-defaults.ts';
import type { Config } from './config.ts';

const PREFIX = 'default_policies.operator.$';

/** Options by the keys of policies. */
const VALUES = {
  expires: `${PREFIX}.expires`,
  'message-ttl': `${PREFIX}.message_ttl`,
  'max-length': `${PREFIX}.max_length`,
  'max-length-bytes': `${PREFIX}.max_length_bytes`,
  'delivery-limit': `${PREFIX}.delivery_limit`,
} as const;

/** @throws Error if a policy says nothing */
export function defaultOperatorPolicies(config: Config): DefaultOperatorPolicy[] {
  const vhosts = config.get(`${PREFIX}.vhost_pattern`);
  const queues = config.get(`${PREFIX}.queue_pattern`);
  const definitions = new Map<string, Map<string, number>>();
  for (const name of [...vhosts.keys(), ...queues.keys()]) definitions.set(name, new Map());
  for (const [key, option] of Object.entries(VALUES)) {
    for (const [name, value] of config.get(option)) {
      const definition = definitions.get(name) ?? new Map<string, number>();
      definitions.set(name, definition.set(key, value));
    }
  }
  return [...definitions].map(([name, definition]) => {
    if (definition.size === 0) {
      throw new Error(`default_policies.operator.${name} has patterns, but says nothing`);
    }
    const pattern = queues.get(name) ?? '.*';
    return { name, vhostPattern: vhosts.get(name) ?? '.*', pattern, definition };
  });
}
