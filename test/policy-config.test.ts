import { describe, expect, test } from 'vitest';
import { accessConfig } from '../src/access-config.ts';
import { Broker } from '../src/broker/broker.ts';
import { ManualClock } from '../src/clock.ts';
import { Config, type Overrides } from '../src/config.ts';
import { silentLog } from '../src/log.ts';
import { MemoryCatalog } from '../src/storage/memory-catalog.ts';
import { MemoryStore } from '../src/storage/memory-store.ts';

function open(overrides: Overrides): Promise<Broker> {
  return Broker.open({
    clock: new ManualClock(),
    log: silentLog,
    store: new MemoryStore(),
    catalog: new MemoryCatalog(),
    maxMessageBytes: 1000,
    ...accessConfig(Config.from(overrides)),
  });
}

describe('the configuration of operator policies', () => {
  test('gives them to every vhost that they are for, as it is made', async () => {
    const broker = await open({
      'default_policies.operator.small.vhost_pattern': '^team-',
      'default_policies.operator.small.queue_pattern': '^tmp',
      'default_policies.operator.small.max_length': 100,
      'default_policies.operator.small.message_ttl': 5000,
      'default_policies.operator.all.delivery_limit': 7,
    });
    const named = (vhost: string) => {
      const policies = broker.vhosts.get(vhost)?.policies.list('operatorPolicy') ?? [];
      return new Map(policies.map((policy) => [policy.name, policy]));
    };
    expect([...named('/').keys()]).toEqual(['all']);
    await broker.administration('guest').vhosts.put('team-a');
    expect(named('team-a').get('small')).toEqual({
      vhost: 'team-a',
      name: 'small',
      pattern: '^tmp',
      applyTo: 'queues',
      priority: 0,
      definition: new Map([
        ['message-ttl', 5000],
        ['max-length', 100],
      ]),
    });
    expect(named('team-a').get('all')).toMatchObject({ pattern: '.*' });
  });

  test('stops the start if a policy says nothing', async () => {
    const starting = async () => open({ 'default_policies.operator.x.vhost_pattern': '.*' });
    await expect(starting()).rejects.toThrow(
      'default_policies.operator.x has patterns, but says nothing',
    );
  });
});
