/**
 * Bindings: an exchange with thousands of them that all lead to one queue, and publishes that each
 * match one: what routing costs. The binding keys or headers differ in a number of five digits,
 * so that all publishes, and all deliveries, are equally long.
 */
import type { Connection } from './connection.ts';
import {
  BODY_FRAME,
  CHANNEL,
  EMPTY_TABLE,
  frame,
  HEADER_FRAME,
  long,
  METHOD,
  methodFrame,
  octet,
  publishUnit,
  short,
  shortstr,
  table,
} from './frames.ts';
import type { Scenario } from './scenarios.ts';

/** How many different publishes a run repeats. */
const VARIETY = 1000;
const NO_WAIT = 1;
const BASIC_CLASS = 60;
const HEADERS_FLAG = 1 << 13;

const number = (index: number): string => String(index).padStart(5, '0');

/** Binds the queue as often as the scenario says; resolves when the broker has done it. */
export async function bindMany(
  connection: Connection,
  scenario: Scenario,
  exchange: string,
  queue: string,
): Promise<void> {
  const topic = scenario.exchangeType === 'topic';
  for (let index = 0; index < scenario.bindings; index += 1) {
    const last = index === scenario.bindings - 1;
    const names = [shortstr(queue), shortstr(exchange)];
    const key = shortstr(topic ? `site.${number(index)}.*` : '');
    const args = topic ? EMPTY_TABLE : table({ kind: 'order', site: number(index) });
    const flags = octet(last ? 0 : NO_WAIT);
    const bind = methodFrame(CHANNEL, METHOD.queueBind, short(0), ...names, key, flags, args);
    if (last) await connection.call(bind, METHOD.queueBindOk);
    else connection.write(bind);
  }
}

/** Publishes that match one binding each. */
export function publishesFor(scenario: Scenario, exchange: string): Buffer[] {
  const step = Math.max(1, Math.floor(scenario.bindings / VARIETY));
  const count = Math.min(VARIETY, scenario.bindings);
  const body = Buffer.alloc(scenario.bodyBytes);
  return Array.from({ length: count }, (_, index) => {
    const site = number(index * step);
    if (scenario.exchangeType === 'topic') {
      const routingKey = `site.${site}.order`;
      return publishUnit({ exchange, routingKey, body, persistent: scenario.persistent });
    }
    const method = methodFrame(
      CHANNEL,
      METHOD.basicPublish,
      short(0),
      shortstr(exchange),
      shortstr(''),
      octet(0),
    );
    const properties = table({ kind: 'order', site, tenant: 'a' });
    const size = Buffer.concat([long(0), long(body.length)]);
    const header = [short(BASIC_CLASS), short(0), size, short(HEADERS_FLAG), properties];
    return Buffer.concat([
      method,
      frame(HEADER_FRAME, CHANNEL, Buffer.concat(header)),
      frame(BODY_FRAME, CHANNEL, body),
    ]);
  });
}
