/**
 * Draft: what is filled in on the playground, shared by its panels: the code panel writes programs
 * about it. Protocols and places stand in the address; the payload is kept here only.
 */
import { signal } from '@preact/signals';
import { useQuery } from '../../shell/location.tsx';
import type { Protocol } from './conversation.ts';

/** A payload to begin with. */
export const payload = signal('{"hello": "world"}');
export const contentType = signal('application/json');

/** Where each protocol publishes and subscribes, until somebody says otherwise. */
const PLACES: Readonly<Record<Protocol, { readonly to: string; readonly from: string }>> = {
  MQTT: { to: 'playground/hello', from: 'playground/#' },
  STOMP: { to: '/topic/playground.hello', from: '/topic/playground.#' },
  HTTP: { to: 'amq.topic', from: '' },
};

/** The choices that the address holds. */
export interface Draft {
  readonly by: Protocol;
  readonly to: string;
  readonly routingKey: string;
  readonly via: Protocol;
  readonly from: string;
  readonly set: (changes: Readonly<Record<string, string>>) => void;
}

const KNOWN: readonly string[] = ['MQTT', 'STOMP', 'HTTP'];

function protocolOf(text: string | undefined, usual: Protocol): Protocol {
  return KNOWN.includes(text ?? '') ? (text as Protocol) : usual;
}

/** @param extended whether the broker takes WebSockets: else there is HTTP only */
export function useDraft(extended = true): Draft {
  const [query, set] = useQuery();
  const by = extended ? protocolOf(query.by, 'MQTT') : 'HTTP';
  const via = extended ? protocolOf(query.via, 'STOMP') : 'HTTP';
  return {
    by,
    via,
    to: query.to ?? PLACES[by].to,
    from: query.from ?? PLACES[via].from,
    routingKey: query.key ?? 'playground.hello',
    set,
  };
}
