/**
 * KeyValue: facts about one thing, a name and a value each, in as many columns as there is room
 * for. Rows whose value is undefined are left out.
 */
import type { ComponentChildren } from 'preact';
import './key-value.css';

/** A fact's name and value. */
export type Fact = readonly [name: string, value: ComponentChildren];

export function KeyValue({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <div class="fact" key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
