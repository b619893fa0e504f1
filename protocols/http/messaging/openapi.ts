/**
 * OpenAPI: the data plane described by OpenAPI 3.1, made from the operations that are there and
 * the very schemas that check what comes in.
 */
import { VERSION } from '../../../src/version.ts';
import type { Content, Operation } from './operation.ts';
import { STATUS_OF_KIND } from './problem.ts';
import type { ObjectSchema, Schema } from './schema.ts';

const PROBLEM = {
  type: 'object',
  required: ['title', 'status', 'kind', 'detail'],
  properties: {
    title: { type: 'string' },
    status: { type: 'integer' },
    kind: { type: 'string', enum: Object.keys(STATUS_OF_KIND) },
    detail: { type: 'string' },
  },
} as const satisfies Schema;

/** Every operation, but for this document itself, which anybody may read. */
export function openApiOf(operations: readonly Operation[], base: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  const schemas: Record<string, Schema> = { Problem: PROBLEM };
  for (const one of operations) {
    const methods = paths[one.path] ?? {};
    methods[one.method.toLowerCase()] = described(one);
    paths[one.path] = methods;
    Object.assign(schemas, one.schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Warren: messages over HTTP',
      version: VERSION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: base }],
    security: [{ basic: [] }, { bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      schemas,
      responses: {
        Problem: {
          description: 'Refused, or failed: the broker says why.',
          content: { 'application/problem+json': { schema: reference('schemas/Problem') } },
        },
      },
    },
  };
}

function described(one: Operation): unknown {
  const answers: Record<string, unknown> = { default: reference('responses/Problem') };
  for (const [status, { description, content }] of Object.entries(one.answers)) {
    const problem = { 'application/problem+json': { schema: reference('schemas/Problem') } };
    const shown = Number(status) < 400 ? content && contentOf(content) : problem;
    answers[status] = { description, ...(shown && { content: shown }) };
  }
  const content = one.json === undefined ? one.accepts : { 'application/json': one.json };
  const body = content && { requestBody: { required: true, content: contentOf(content) } };
  return {
    operationId: one.id,
    summary: one.summary,
    ...(one.description !== undefined && { description: one.description }),
    parameters: [...pathParameters(one.path), ...queryParameters(one.query), ...heads(one)],
    ...body,
    responses: answers,
  };
}

function contentOf(content: Content): Record<string, unknown> {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
}

function pathParameters(path: string): unknown[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    return { name, in: 'path', required: true, schema: { type: 'string' } };
  });
}

function queryParameters(query: ObjectSchema | undefined): unknown[] {
  return Object.entries(query?.properties ?? {}).map(([name, { description, ...schema }]) => {
    return { name, in: 'query', ...(description && { description }), schema };
  });
}

/** These, and headers with a variable name, cannot be parameters in OpenAPI. */
const NO_PARAMETERS = ['content-type', 'authorization'];

function heads({ headers }: Operation): unknown[] {
  const named = Object.entries(headers ?? {}).filter(([name]) => /^[a-z-]+$/.test(name));
  return named
    .filter(([name]) => !NO_PARAMETERS.includes(name))
    .map(([name, description]) => {
      return { name, in: 'header', description, schema: { type: 'string' } };
    });
}

function reference(to: string): unknown {
  return { $ref: `#/components/${to}` };
}
