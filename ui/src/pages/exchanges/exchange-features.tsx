/**
 * ExchangeFeatures: what an exchange was declared with, in badges; the tooltips have the words and
 * the values.
 */
import type { Exchange } from '../../api/exchange.ts';
import { Badge } from '../../parts/badge.tsx';

export function ExchangeFeatures({ exchange }: { exchange: Exchange }) {
  const { durable, auto_delete: autoDelete, internal, arguments: args, policy } = exchange;
  return (
    <span class="badges">
      {durable && <Badge title="Durable: survives a restart">D</Badge>}
      {autoDelete && <Badge title="Deleted when its last binding goes">AD</Badge>}
      {internal && <Badge title="Clients cannot publish to it">Internal</Badge>}
      {Object.entries(args).map(([name, value]) => (
        <Badge key={name} title={`${name}: ${JSON.stringify(value)}`}>
          {name === 'alternate-exchange' ? 'AE' : name}
        </Badge>
      ))}
      {policy && (
        <Badge title="Policy" tone="info">
          {policy}
        </Badge>
      )}
    </span>
  );
}
