/**
 * Party: the client that sent or got something, as it was at that moment: for those who look into
 * queues and those who trace.
 */
import type { Traffic } from './traffic.ts';

/** See the head of this file. Texts are '' and the channel 0 for what the broker did itself. */
export interface Party {
  readonly connection: string;
  readonly client: string;
  readonly protocol: string;
  readonly user: string;
  readonly channel: number;
}

/** The client behind a channel. */
export function partyOf({ session, channel }: Traffic): Party {
  return {
    connection: session?.connectionName ?? '',
    client: session?.clientName ?? '',
    protocol: session?.protocol ?? '',
    user: session?.user.name ?? '',
    channel: channel?.number ?? 0,
  };
}
