/**
 * Totals: what a broker has done since it started, beyond what its living objects still know:
 * channels and queues that are gone leave their counts here. Knows nothing of rates and names of
 * metrics: that is protocols/http.
 */
import { DeathCounts, Traffic } from './traffic.ts';

/** How many of everything came and went. */
export class Churn {
  connectionCreated = 0;
  connectionClosed = 0;
  channelCreated = 0;
  channelClosed = 0;
  queueDeclared = 0;
  queueCreated = 0;
  queueDeleted = 0;
}

export class Totals {
  readonly churn = new Churn();
  /** Of channels that are closed, by protocol. */
  readonly past = new Map<string, Traffic>();
  /** Of queues that are gone, by type and whether dead letters went anywhere. */
  readonly deaths = new Map<string, DeathCounts>();

  /** A channel has closed. */
  retire(protocol: string, traffic: Traffic): void {
    const past = this.past.get(protocol) ?? new Traffic();
    this.past.set(protocol, past);
    past.add(traffic);
  }

  /** Where the deaths of queues of a type are added up. */
  deathsOf(queueType: string, deadLettered: boolean): DeathCounts {
    const key = `${queueType} ${deadLettered ? 'at_most_once' : 'disabled'}`;
    const deaths = this.deaths.get(key) ?? new DeathCounts();
    this.deaths.set(key, deaths);
    return deaths;
  }
}
