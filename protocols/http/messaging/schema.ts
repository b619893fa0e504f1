/**
 * Schema: JSON Schema as plain constants, and what TypeScript makes of them. One constant checks
 * the input (fastify's validator), is the type of what a handler gets, and is printed in the
 * OpenAPI document: see operation.ts and openapi.ts. Knows no route and no message.
 */

/** What clients number their requests with. */
export const NAME_OR_NUMBER = ['string', 'integer'] as const;

/** The part of JSON Schema 2020-12 that is in use here. */
export interface Schema {
  readonly type?: 'string' | 'integer' | 'boolean' | 'array' | 'object' | typeof NAME_OR_NUMBER;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  /** In the document only. */
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

/** An object with named members: a query, or a body. */
export interface ObjectSchema extends Schema {
  readonly type: 'object';
  readonly properties: Readonly<Record<string, Schema>>;
}

/** The TypeScript type of what such a schema lets through. */
export type ValueOf<S> = S extends { readonly enum: readonly (infer E)[] }
  ? E
  : S extends { readonly type: 'string' }
    ? string
    : S extends { readonly type: typeof NAME_OR_NUMBER }
      ? string | number
      : S extends { readonly type: 'integer' }
        ? number
        : S extends { readonly type: 'boolean' }
          ? boolean
          : S extends { readonly type: 'array'; readonly items: infer I }
            ? readonly ValueOf<I>[]
            : S extends { readonly type: 'object'; readonly properties: infer P }
              ? MembersOf<P, RequiredOf<S>>
              : S extends { readonly type: 'object' }
                ? Readonly<Record<string, unknown>>
                : unknown;

type RequiredOf<S> = S extends { readonly required: readonly (infer R)[] } ? R : never;

/** A member with a default is always there. */
type Present<P, R> = {
  [K in keyof P]: K extends R ? K : P[K] extends { readonly default: unknown } ? K : never;
}[keyof P];

type MembersOf<P, R> = { readonly [K in Present<P, R>]: ValueOf<P[K]> } & {
  readonly [K in Exclude<keyof P, Present<P, R>>]?: ValueOf<P[K]> | undefined;
};
