/**
 * Where a message would go, as the broker explains it (`_ui/route`); nothing is published by
 * asking.
 */

/** Does it get there? `perhaps`: chance decides. */
export type Reach = 'yes' | 'perhaps' | 'no';

/** What became of it at one binding. */
export interface Verdict {
  /** null where no queue has the name that was asked for. */
  readonly destination: string | null;
  readonly destination_type: 'queue' | 'exchange';
  /** null for the default exchange, which has no bindings. */
  readonly routing_key: string | null;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly reach: Reach;
  readonly reason: string;
}

/** One exchange on its way. */
export interface RouteStep {
  readonly exchange: string;
  readonly type: string;
  readonly internal: boolean;
  readonly via: 'publish' | 'binding' | 'alternate';
  readonly from: string | null;
  readonly matched: readonly Verdict[];
  readonly missed: readonly Verdict[];
  readonly untold: number;
  readonly alternate_exchange: string | null;
  readonly alternate_taken: boolean;
  readonly note: string | null;
}

/** The whole answer. */
export interface RouteExplanation {
  readonly routed: boolean;
  readonly certain: boolean;
  readonly delay_ms: number;
  readonly summary: string;
  readonly queues: readonly {
    readonly name: string;
    readonly type: string;
    readonly messages: number;
    readonly consumers: number;
    readonly reach: Reach;
  }[];
  readonly steps: readonly RouteStep[];
}
