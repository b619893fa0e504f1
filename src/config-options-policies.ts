/**
 * Options of policies: the operator policies that every new vhost starts with. One part of the
 * option table, see config-options.ts.
 */
import { map } from './config-option.ts';
import { integer, pattern, type ValueType } from './config-value.ts';

const POLICIES = 'Operator policies of new virtual hosts';
const MOST = Number.MAX_SAFE_INTEGER;

function ofPolicies<T>(type: ValueType<T>, text: string) {
  const empty = { default: {}, defaultsReplaced: false, none: false };
  return map({ group: POLICIES, type, member: 'policy', ...empty, text });
}

/** The rows; a policy needs at least one value besides its patterns. */
export const POLICY_OPTIONS = {
  'default_policies.operator.$.vhost_pattern': ofPolicies(
    pattern,
    'The virtual hosts that get this operator policy when they are created: all if it is missing.',
  ),
  'default_policies.operator.$.queue_pattern': ofPolicies(
    pattern,
    'The queues that it is for: all if it is missing.',
  ),
  'default_policies.operator.$.expires': ofPolicies(
    integer(1, MOST),
    'Milliseconds without use after which such a queue is deleted.',
  ),
  'default_policies.operator.$.message_ttl': ofPolicies(
    integer(0, MOST),
    'Milliseconds that a message may wait in such a queue.',
  ),
  'default_policies.operator.$.max_length': ofPolicies(
    integer(0, MOST),
    'Messages that may be ready in such a queue.',
  ),
  'default_policies.operator.$.max_length_bytes': ofPolicies(
    integer(0, MOST),
    'Bytes that the bodies of ready messages of such a queue may have in all.',
  ),
  'default_policies.operator.$.delivery_limit': ofPolicies(
    integer(-1, MOST),
    'Failed deliveries that a message may have. The policy is for quorum queues only then.',
  ),
} as const;
