/**
 * Operation: one thing that the data plane can do: its path, what it takes and gives, and how it
 * is done. data-plane.ts makes a route of it and openapi.ts a chapter of the document, so that
 * the two cannot differ.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from '../answer.ts';
import type { ObjectSchema, Schema, ValueOf } from './schema.ts';
import type { SharedSession } from './session-pool.ts';

/** One request, with a session of its user in the vhost of its path. */
export interface Call<Query = unknown, Body = unknown> {
  readonly shared: SharedSession;
  /** The decoded segments of the path by their names. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  /** Parsed and checked JSON if the operation has a schema for it, else the bytes. */
  readonly body: Body;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** A body of some media type, as the document describes it. */
export type Content = Readonly<Record<string, Schema>>;

/** What an operation answers with one status. */
export interface Outcome {
  readonly description: string;
  readonly content?: Content;
}

/** See the head of this file. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Behind `/v1`, in the words of OpenAPI: `/vhosts/{vhost}/queues/{queue}/events`. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: ObjectSchema;
  /** The body is JSON, and like this. */
  readonly json?: ObjectSchema;
  /** The body may be of these types; checked by the operation itself. */
  readonly accepts?: Content;
  /** Headers of the request that mean something, as `name: what it is`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<number, Outcome>>;
  /** What else the document says, by names. */
  readonly schemas?: Readonly<Record<string, Schema>>;
  readonly maxBodyBytes: number;
  /** Refused while the broker is short of memory or disk. */
  readonly publishes: boolean;
  /** Gives back an answer, or undefined if it has sent one itself. */
  handle(call: Call): Promise<Answer | undefined>;
}

/** An operation whose handler gets what its schemas say. */
export function operation<
  const Q extends ObjectSchema = { type: 'object'; properties: Record<never, never> },
  const B extends ObjectSchema | undefined = undefined,
>(
  definition: Omit<Operation, 'query' | 'json' | 'handle'> & {
    readonly query?: Q;
    readonly json?: B;
    handle(
      call: Call<ValueOf<Q>, B extends undefined ? Buffer : ValueOf<B>>,
    ): Promise<Answer | undefined>;
  },
): Operation {
  return definition as unknown as Operation;
}

/** The path as fastify wants it: a colon of its own is doubled. */
export function routePath({ path }: Operation): string {
  return path.replaceAll(':', '::').replace(/\{(\w+)\}/g, ':$1');
}
