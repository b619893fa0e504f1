/**
 * Metrics: the addresses that Prometheus visits, on a listener of their own or beside the
 * management API, and `/healthz`, for whoever only wants to know whether the broker is there.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ManagementContext } from '../management/context.ts';
import { sendError, sendPieces } from '../routing.ts';
import type { Viewer } from '../viewer.ts';
import { TEXT_FORMAT } from './exposition.ts';
import type { ProcessMetrics } from './process-metrics.ts';
import { scrapeAll, scrapeDetailed, scrapeMemory } from './scrape.ts';

export interface MetricsOptions {
  /** `/metrics`, unless somebody wants it elsewhere. */
  readonly path: string;
  /** Are sums replaced by a line for each object? */
  readonly perObject: boolean;
  /** Who sends a request, if that has to be somebody; null lets anybody in. */
  readonly viewerOf: ((request: FastifyRequest) => Promise<Viewer>) | null;
}

/** Adds them to an HTTP server. */
export function addMetrics(
  app: FastifyInstance,
  context: ManagementContext,
  process: ProcessMetrics,
  options: MetricsOptions,
): void {
  const { path, perObject, viewerOf } = options;
  const { log } = context.broker;
  const route = (
    url: string,
    scrape: (request: FastifyRequest) => AsyncGenerator<string> | string,
  ): void => {
    app.get(url, async (request, reply) => {
      try {
        if (viewerOf !== null) (await viewerOf(request)).check('monitoring', null);
        return await send(reply, scrape(request));
      } catch (error) {
        return sendError(reply, error, log);
      }
    });
  };
  route(path, () => scrapeAll(context, process, perObject));
  route(`${path}/per-object`, () => scrapeAll(context, process, true));
  route(`${path}/detailed`, ({ url }) =>
    scrapeDetailed(context, new URL(url, 'http://localhost').searchParams),
  );
  route(`${path}/memory-breakdown`, () => scrapeMemory(context));
  addHealth(app, context);
}

/** `/healthz`: 200 if the broker is there and has no alarm. */
export function addHealth(app: FastifyInstance, context: ManagementContext): void {
  app.get('/healthz', (_request, reply) => {
    const { memory, disk } = context.resources();
    const alarms = [memory.alarm && 'memory', disk.alarm && 'disk'].filter(Boolean);
    reply.code(alarms.length === 0 ? 200 : 503).header('cache-control', 'no-store');
    return reply.send(
      alarms.length === 0 ? { status: 'ok' } : { status: 'failed', reason: 'alarms', alarms },
    );
  });
}

function send(reply: FastifyReply, pieces: AsyncGenerator<string> | string): unknown {
  reply.header('content-type', TEXT_FORMAT);
  if (typeof pieces === 'string') return reply.send(Buffer.from(pieces));
  return sendPieces(reply, pieces);
}
