/**
 * The scenarios, by the names of reference/performance.md: `a` AMQP 0-9-1, `s` STOMP, body size,
 * `t` transient or `p` persistent, then how messages are settled. To add one, add a row here.
 */

export interface Scenario {
  readonly name: string;
  /** What it does, for the report. */
  readonly text: string;
  readonly protocol: 'amqp' | 'stomp';
  readonly loop: 'closed' | 'open';
  readonly bodyBytes: number;
  readonly persistent: boolean;
  /** A durable queue; otherwise an exclusive one. */
  readonly durable: boolean;
  readonly queueType: 'classic' | 'quorum';
  /** Publishes that may be unconfirmed; 0: no confirms. Only counted in an open loop. */
  readonly confirmWindow: number;
  /** Deliveries per basic.ack; 0: the consumer needs no acks. */
  readonly ackEvery: number;
  /** 0: no limit. */
  readonly prefetch: number;
  /** Queues bound to a fanout exchange, each with a consumer on its own connection; 1: none. */
  readonly fanout: number;
  /** Of the exchange, if there is one. */
  readonly exchangeType: 'fanout' | 'topic' | 'headers';
  /** Bindings of a topic or headers exchange, all to one queue; 0: no such exchange. */
  readonly bindings: number;
  /** STOMP: each message has headers of its own, so that no head is like the one before. */
  readonly ownHeaders: boolean;
  /** Closed loop: messages that may be between publish and the slowest consumer. */
  readonly window: number;
  /** Open loop: messages per second, whatever happens. */
  readonly ratePerSecond: number;
}

const PLAIN = {
  protocol: 'amqp',
  loop: 'closed',
  bodyBytes: 16,
  persistent: false,
  durable: false,
  queueType: 'classic',
  confirmWindow: 0,
  ackEvery: 0,
  prefetch: 0,
  fanout: 1,
  exchangeType: 'fanout',
  bindings: 0,
  ownHeaders: false,
  window: 20_000,
  ratePerSecond: 0,
} as const;

const SETTLED = { durable: true, confirmWindow: 1000, ackEvery: 100, prefetch: 1000 } as const;
const KIB = { bodyBytes: 1024, window: 10_000 } as const;
const LATENCY = { ...KIB, loop: 'open', ratePerSecond: 5000 } as const;

export const SCENARIOS: readonly Scenario[] = [
  { ...PLAIN, name: 'a 16 t auto', text: '16 B, transient, no acks, no confirms' },
  { ...PLAIN, ...KIB, name: 'a 1k t auto', text: '1 KiB, transient, no acks, no confirms' },
  {
    ...PLAIN,
    ...SETTLED,
    name: 'a 16 t conf_ack',
    text: '16 B, transient, 1000 unconfirmed, ack every 100',
  },
  {
    ...PLAIN,
    ...KIB,
    ...SETTLED,
    name: 'a 1k t conf_ack',
    text: '1 KiB, transient, 1000 unconfirmed, ack every 100',
  },
  {
    ...PLAIN,
    ...SETTLED,
    persistent: true,
    name: 'a 16 p conf_ack',
    text: '16 B, persistent, 1000 unconfirmed, ack every 100',
  },
  {
    ...PLAIN,
    ...SETTLED,
    bodyBytes: 16 * 1024,
    window: 2000,
    persistent: true,
    name: 'a 16k p conf_ack',
    text: '16 KiB, persistent, 1000 unconfirmed, ack every 100',
  },
  {
    ...PLAIN,
    ...KIB,
    ...SETTLED,
    persistent: true,
    name: 'a 1k p conf_ack',
    text: '1 KiB, persistent, 1000 unconfirmed, ack every 100',
  },
  {
    ...PLAIN,
    ...KIB,
    ...SETTLED,
    persistent: true,
    queueType: 'quorum',
    name: 'q 1k p conf_ack',
    text: '1 KiB to a quorum queue, 1000 unconfirmed, ack every 100',
  },
  {
    ...PLAIN,
    ...KIB,
    ...SETTLED,
    ackEvery: 1,
    name: 'a 1k t conf_ack1',
    text: '1 KiB, transient, 1000 unconfirmed, ack each',
  },
  {
    ...PLAIN,
    fanout: 10,
    window: 2000,
    name: 'fan10 16 t',
    text: '16 B to 10 queues, no acks, no confirms; counts deliveries',
  },
  {
    ...PLAIN,
    exchangeType: 'topic',
    bindings: 10_000,
    name: 'topic10k 16 t',
    text: '16 B through a topic exchange with 10 000 bindings, no acks, no confirms',
  },
  {
    ...PLAIN,
    exchangeType: 'headers',
    bindings: 1000,
    name: 'headers1k 16 t',
    text: '16 B through a headers exchange with 1 000 bindings, no acks, no confirms',
  },
  {
    ...PLAIN,
    protocol: 'stomp',
    name: 's 16 t auto',
    text: 'STOMP 1.2, 16 B through a topic, no acks, no receipts',
  },
  {
    ...PLAIN,
    ...KIB,
    protocol: 'stomp',
    name: 's 1k t auto',
    text: 'STOMP 1.2, 1 KiB through a topic, no acks, no receipts',
  },
  {
    ...PLAIN,
    protocol: 'stomp',
    ownHeaders: true,
    name: 's 16 t own',
    text: 'STOMP 1.2, 16 B through a topic, each with a correlation-id and a header of its own',
  },
  {
    ...PLAIN,
    protocol: 'stomp',
    fanout: 10,
    window: 2000,
    name: 's fan10 16 t',
    text: 'STOMP 1.2, 16 B to 10 topic subscriptions, no acks; counts deliveries',
  },
  {
    ...PLAIN,
    ...KIB,
    ...SETTLED,
    protocol: 'stomp',
    ackEvery: 20,
    name: 's 1k t rcpt_ack',
    text: 'STOMP 1.2, 1 KiB, a receipt each, 1000 without one, client ack every 20',
  },
  { ...PLAIN, ...LATENCY, name: 'lat5k t', text: '1 KiB at 5 000/s, transient, no acks' },
  {
    ...PLAIN,
    ...LATENCY,
    ...SETTLED,
    ackEvery: 1,
    persistent: true,
    name: 'lat5k p',
    text: '1 KiB at 5 000/s, persistent, confirms, ack each',
  },
];

/** `a 16 t auto` may be written `a16tauto` on a command line. */
function squeezed(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]/g, '');
}

/** @throws Error naming the known scenarios when `name` is none of them */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => squeezed(scenario.name) === squeezed(name));
  if (found !== undefined) return found;
  const known = SCENARIOS.map((scenario) => squeezed(scenario.name)).join(', ');
  throw new Error(`no scenario '${name}'; there are: ${known}`);
}
