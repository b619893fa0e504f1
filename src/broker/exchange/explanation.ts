/**
 * Explanation: where a message would go, and why, without sending it: every exchange on its way,
 * the bindings that take it, some of those that do not, and alternates. The routers themselves
 * decide, as they do for a message that is sent; what is added here is the reason. Only where
 * chance decides, or a router would remember the message, all that could happen is told.
 */
import { MATCHES_EXPLAINED, MISSES_EXPLAINED } from '../../limits-console.ts';
import type { Message } from '../message.ts';
import type { Queue } from '../queue/queue.ts';
import type { Binding } from './binding.ts';
import { DelayedRouter, delayOf } from './delayed.ts';
import type { Exchange, Router } from './exchange.ts';
import { EXCHANGE_TYPES } from './exchange-types.ts';
import { type Destination, Matched } from './matched.ts';
import { reasonFor, reasonOfAlternate } from './reason.ts';

/** Does the message get there? `perhaps`: chance decides. */
export type Reach = 'yes' | 'perhaps' | 'no';

/** What is to be said about one binding. */
export interface Verdict {
  /** null for the default exchange, which has none. */
  readonly binding: Binding | null;
  readonly destination: Destination | null;
  readonly reach: Reach;
  readonly reason: string;
}

/** One exchange on the way. */
export interface ExplainedStep {
  readonly exchange: Exchange;
  readonly via: 'publish' | 'binding' | 'alternate';
  /** Where it came from; null for the first one. */
  readonly from: Exchange | null;
  readonly matched: readonly Verdict[];
  readonly missed: readonly Verdict[];
  /** Bindings that are not explained, because there are too many. */
  readonly untold: number;
  /** Where the message goes because nothing here takes it; null if that is nowhere. */
  readonly alternate: Exchange | null;
  readonly note: string | null;
}

export interface Explanation {
  readonly steps: readonly ExplainedStep[];
  /** Every queue that it reaches, or may reach. */
  readonly queues: ReadonlyMap<Queue, Exclude<Reach, 'no'>>;
  /** How long it waits in a delayed exchange first. */
  readonly delayMs: number;
}

/** The exchanges of one vhost, and what leads to a destination. */
export interface ExplainedTopology {
  readonly exchanges: ReadonlyMap<string, Exchange>;
  inboundOf(destination: Destination): Iterable<[Binding, Exchange]>;
}

/** Types that would not answer the same way twice, or would remember that they were asked. */
const BY_CHANCE: readonly string[] = ['x-random', 'x-local-random'];
const REMEMBERING = 'x-recent-history';

/**
 * Explains where a message would go.
 * @param extraKeys more routing keys (CC, BCC)
 */
export function explain(
  topology: ExplainedTopology,
  first: Exchange,
  message: Message,
  extraKeys: readonly string[] | null,
): Explanation {
  return new Explainer(topology, message, extraKeys).run(first);
}

/** An exchange that is still to be looked at. */
interface Pending extends Pick<ExplainedStep, 'exchange' | 'via' | 'from'> {
  readonly reach: Exclude<Reach, 'no'>;
}

class Explainer {
  private readonly topology: ExplainedTopology;
  private readonly message: Message;
  private readonly keys: readonly string[];
  private readonly queues = new Map<Queue, Exclude<Reach, 'no'>>();
  private readonly visited = new Map<Exchange, Exclude<Reach, 'no'>>();
  private readonly pending: Pending[] = [];
  private readonly steps: ExplainedStep[] = [];
  private delayMs = 0;
  /** Its marks are below all that routing in earnest gives. */
  private readonly scratch = new Matched(-(2 ** 30));

  constructor(topology: ExplainedTopology, message: Message, extraKeys: readonly string[] | null) {
    this.topology = topology;
    this.message = message;
    this.keys = [message.routingKey, ...(extraKeys ?? [])];
  }

  run(first: Exchange): Explanation {
    this.visit({ exchange: first, via: 'publish', from: null, reach: 'yes' });
    for (const one of this.pending) this.step(one);
    return { steps: this.steps, queues: this.queues, delayMs: this.delayMs };
  }

  private visit(next: Pending): void {
    const known = this.visited.get(next.exchange);
    if (known === 'yes' || known === next.reach) return;
    this.visited.set(next.exchange, next.reach);
    // What was perhaps reached, and now is for certain, goes the same way again.
    this.pending.push(next);
  }

  private step({ exchange, via, from, reach }: Pending): void {
    const { type, router } = routingOf(exchange);
    const reached = this.destinationsOf(exchange, type, router);
    for (const [destination, how] of reached) {
      this.reach(exchange, destination, reach === 'perhaps' ? 'perhaps' : how);
    }
    const alternate = reached.size === 0 ? this.alternateOf(exchange) : null;
    if (alternate !== null) {
      this.visit({ exchange: alternate, via: 'alternate', from: exchange, reach });
    }
    const verdicts = this.verdictsOf(exchange, type, reached);
    const note = this.noteOn(exchange, reached.size > 0, alternate);
    const step = { exchange, via, from, ...verdicts, alternate, note };
    const again = this.steps.findIndex((one) => one.exchange === exchange);
    if (again >= 0) this.steps[again] = step;
    else this.steps.push(step);
  }

  private reach(from: Exchange, destination: Destination, how: Exclude<Reach, 'no'>): void {
    if (destination.kind === 'exchange') {
      this.visit({ exchange: destination, via: 'binding', from, reach: how });
    } else if (this.queues.get(destination) !== 'yes') {
      this.queues.set(destination, how);
    }
  }

  /** Where the router sends the message. */
  private destinationsOf(
    exchange: Exchange,
    type: string,
    router: Router,
  ): Map<Destination, Exclude<Reach, 'no'>> {
    if (type === REMEMBERING || BY_CHANCE.includes(type)) {
      const all = [...exchange.bindings].map(({ destination }) => destination);
      const certain = type === REMEMBERING || new Set(all).size === 1;
      return new Map(all.map((one) => [one, certain ? 'yes' : 'perhaps']));
    }
    const { scratch } = this;
    scratch.reset();
    // As the vhost does it.
    const keys = router.once ? this.keys.slice(0, 1) : this.keys;
    for (const key of keys) router.route(key, this.message, scratch);
    const found = [...scratch.all(), ...scratch.exchanges];
    // No mark of ours is left for a message that is really sent.
    for (const one of found) one.routeMark = 0;
    return new Map(found.map((one) => [one, 'yes']));
  }

  private alternateOf({ alternate }: Exchange): Exchange | null {
    return alternate === null ? null : (this.topology.exchanges.get(alternate) ?? null);
  }

  private verdictsOf(
    exchange: Exchange,
    type: string,
    reached: ReadonlyMap<Destination, Exclude<Reach, 'no'>>,
  ): Pick<ExplainedStep, 'matched' | 'missed' | 'untold'> {
    if (exchange.name === '') return this.verdictOfDefault(reached);
    const matched: Verdict[] = [];
    const missed: Verdict[] = [];
    for (const [destination, reach] of reached) {
      for (const [binding, source] of this.topology.inboundOf(destination)) {
        if (source !== exchange || matched.length >= MATCHES_EXPLAINED) continue;
        const fits = this.fits(exchange, type, binding);
        (fits ? matched : missed).push(this.verdict(type, exchange, binding, fits ? reach : 'no'));
      }
    }
    for (const binding of exchange.bindings) {
      if (missed.length >= MISSES_EXPLAINED) break;
      if (reached.has(binding.destination)) continue;
      missed.push(this.verdict(type, exchange, binding, 'no'));
    }
    const told = matched.length + Math.min(missed.length, MISSES_EXPLAINED);
    return {
      matched,
      missed: missed.slice(0, MISSES_EXPLAINED),
      untold: exchange.bindings.size - told,
    };
  }

  private verdict(type: string, exchange: Exchange, binding: Binding, reach: Reach): Verdict {
    const { keys, message } = this;
    const key =
      keys.find((one) => this.fitsKey(exchange, type, binding, one)) ?? message.routingKey;
    const reason = reasonFor({ type, exchange, binding, key, message, reach });
    return { binding, destination: binding.destination, reach, reason };
  }

  private verdictOfDefault(
    reached: ReadonlyMap<Destination, Exclude<Reach, 'no'>>,
  ): Pick<ExplainedStep, 'matched' | 'missed' | 'untold'> {
    const matched = [...reached].map(([destination, reach]) => {
      return {
        binding: null,
        destination,
        reach,
        reason: `the queue is called '${destination.name}'`,
      };
    });
    const [key = ''] = this.keys;
    const reason = `there is no queue called '${key}'`;
    const missed = matched.length > 0 ? [] : [{ binding: null, destination: null, reason }];
    return { matched, missed: missed.map((one) => ({ ...one, reach: 'no' })), untold: 0 };
  }

  /** Would this binding alone take the message? Asked of a router of its own. */
  private fits(exchange: Exchange, type: string, binding: Binding): boolean {
    return this.keys.some((key) => this.fitsKey(exchange, type, binding, key));
  }

  private fitsKey(exchange: Exchange, type: string, binding: Binding, key: string): boolean {
    // Where bindings compete, or nobody looks at them, who was chosen has been chosen by them all.
    if (!SELECTIVE.includes(type)) return true;
    const router = EXCHANGE_TYPES.get(type)?.make(exchange.arguments);
    if (router === undefined) return false;
    const standIn = { kind: 'exchange', name: '', routeMark: 0 } as unknown as Exchange;
    router.bind({ ...binding, destination: standIn });
    const { scratch } = this;
    scratch.reset();
    router.route(key, this.message, scratch);
    return scratch.hits > 0;
  }

  private noteOn(exchange: Exchange, taken: boolean, alternate: Exchange | null): string | null {
    if (exchange.router instanceof DelayedRouter && delayOf(this.message) > 0) {
      this.delayMs = delayOf(this.message);
      return `it waits ${this.delayMs} ms here first`;
    }
    return taken ? null : reasonOfAlternate(exchange, alternate);
  }
}

/** Types whose bindings choose each for itself. */
const SELECTIVE: readonly string[] = ['direct', 'topic', 'headers'];

/** How an exchange routes; a delayed one as the other type that it names, when the time comes. */
function routingOf({ router, type, arguments: args }: Exchange): { type: string; router: Router } {
  if (!(router instanceof DelayedRouter)) return { type, router };
  return { type: String(args.get('x-delayed-type')), router: router.inner };
}
