/**
 * Topic: what a reader of the status stream wants to be kept up to date about: any GET of the
 * management API by its path, answered as that GET is, to the same people. So whoever cannot have
 * the stream asks the API for the very same, and no resource knows that it is streamed.
 */
import { NAME_SEGMENT_MAX } from '../../../src/limits.ts';
import { CONSOLE_FRAME_BYTES } from '../../../src/limits-console.ts';
import { Answer, ApiError, badRequest, notFound } from '../answer.ts';
import type { Query } from '../input.ts';
import { Listing, render } from '../listing.ts';
import { type Call, checkCall, type Resource, type RoutingContext } from '../routing.ts';
import type { Viewer } from '../viewer.ts';

type Segment = { readonly text: string } | { readonly param: string; readonly fits: RegExp | null };

/** A resource that can be read, with its path taken apart. */
interface Route {
  readonly resource: Resource;
  readonly segments: readonly Segment[];
}

/** A path of the API that has been found. */
export interface Topic {
  /** As the reader wrote it. */
  readonly name: string;
  readonly resource: Resource;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
}

/** The resources of the API by their paths. */
export class Topics {
  private readonly routes: readonly Route[];
  private readonly context: Pick<RoutingContext, 'hasVhost'>;

  constructor(resources: readonly Resource[], context: Pick<RoutingContext, 'hasVhost'>) {
    this.context = context;
    this.routes = resources
      .filter(({ path, get }) => get !== undefined && path.startsWith('/api/'))
      .map((resource) => ({ resource, segments: segmentsOf(resource.path) }));
  }

  /** @param name the path after `/api/`, with its query @throws ApiError 404 */
  find(name: string): Topic {
    const [path = '', query = ''] = name.split('?', 2);
    const parts = path.split('/');
    for (const depth of parts.keys()) if (parts[depth] === '') throw notFound();
    // As a router does: a word goes before a parameter, from the left to the right.
    let left = this.routes.filter(({ segments }) => segments.length === parts.length);
    const params: Record<string, string> = Object.create(null);
    for (const [depth, part] of parts.entries()) {
      const exact = left.filter(({ segments }) => isText(segments[depth], part));
      left = exact.length > 0 ? exact : left.filter(({ segments }) => takes(segments[depth], part));
    }
    const [found] = left;
    if (found === undefined) throw notFound();
    for (const [depth, segment] of found.segments.entries()) {
      if ('param' in segment) params[segment.param] = decoded(parts[depth] as string);
    }
    return { name, resource: found.resource, params, query: queryOf(query) };
  }

  /** The body that a GET would be answered with. @throws ApiError, Answer or BrokerError as it */
  async body(topic: Topic, viewer: Viewer): Promise<string> {
    const { resource, params, query } = topic;
    checkCall(viewer, resource.access, params, this.context);
    const call: Call = { viewer, params, query, body: undefined, raw: undefined, headers: {} };
    const result = await resource.get?.(call);
    if (result === undefined) throw notFound();
    if (result instanceof Answer) {
      if (result.status !== 200) throw result;
      return JSON.stringify(result.body);
    }
    if (!(result instanceof Listing)) return within(JSON.stringify(result));
    let text = '';
    for await (const piece of render(result, query)) text = within(text + piece);
    return text;
  }
}

/** @throws ApiError for more than a reader should be sent every other second */
function within(text: string): string {
  if (text.length <= CONSOLE_FRAME_BYTES) return text;
  throw new ApiError(413, 'too_large', 'ask for a page of it: page, page_size, columns');
}

function segmentsOf(path: string): Segment[] {
  const parts = path.slice('/api/'.length).split('/');
  return parts.map((part) => {
    const [, param, pattern] = /^:(\w+)(?:\((.*)\))?$/.exec(part) ?? [];
    if (param === undefined) return { text: part };
    return { param, fits: pattern === undefined ? null : new RegExp(pattern) };
  });
}

function isText(segment: Segment | undefined, part: string): boolean {
  return segment !== undefined && 'text' in segment && segment.text === part;
}

function takes(segment: Segment | undefined, part: string): boolean {
  if (segment === undefined || !('param' in segment)) return false;
  return part.length <= NAME_SEGMENT_MAX && (segment.fits?.test(part) ?? true);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest('malformed request');
  }
}

function queryOf(text: string): Query {
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) query[name] = value;
  return query;
}
