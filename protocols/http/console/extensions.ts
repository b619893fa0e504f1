/**
 * Extensions: what the console is told that RabbitMQ's API does not tell, under `/api/_ui`: a
 * stream instead of polling, what needs attention, where a message would go, how things hang
 * together, what has a name, the log. `GET /api/_ui` says which of them there are; RabbitMQ
 * answers 404, and the console does without.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  CONSOLE_INTERVAL_LEAST_MS,
  CONSOLE_INTERVAL_MS,
  CONSOLE_TOPICS_MAX,
} from '../../../src/limits-console.ts';
import type { LogTail } from '../../../src/log-tail.ts';
import { type ManagementContext, vhostOf } from '../management/context.ts';
import { API_HEADERS, type Resource, type RoutingContext, sendError } from '../routing.ts';
import { attentionResource } from './attention.ts';
import { collapse } from './collapsing.ts';
import { LogStreams } from './log-stream.ts';
import { searchResource } from './search.ts';
import { simulationResource } from './simulation.ts';
import { StatusStreams } from './status-stream.ts';
import { Topics } from './topic.ts';
import { graphOf } from './topology-graph.ts';

const FEATURES = ['stream', 'attention', 'topology', 'route', 'search', 'log'];

/** The extensions that answer like every other resource. */
export function extensionResources(context: ManagementContext): Resource[] {
  return [
    { path: '/api/_ui', access: 'management', get: () => describe() },
    attentionResource(context),
    searchResource(context),
    simulationResource(context),
    {
      path: '/api/_ui/topology/:vhost',
      access: 'vhost',
      get: async (call) => {
        const { filter = '', expand = '' } = call.query;
        const expanded = new Set(expand === '' ? [] : expand.split(','));
        const graph = await graphOf(context, vhostOf(context, call), call.viewer);
        return collapse(graph, { filter, expanded });
      },
    },
  ];
}

function describe(): unknown {
  return {
    features: FEATURES,
    stream: {
      interval_ms: CONSOLE_INTERVAL_MS,
      interval_least_ms: CONSOLE_INTERVAL_LEAST_MS,
      topics_max: CONSOLE_TOPICS_MAX,
    },
  };
}

/** Those that go on answering. */
export class ExtensionStreams {
  private readonly status: StatusStreams;
  private readonly log: LogStreams;

  constructor({ broker }: ManagementContext, tail: LogTail) {
    this.status = new StatusStreams(broker);
    this.log = new LogStreams(tail, broker.clock);
  }

  /** How many are open. */
  get size(): number {
    return this.status.size + this.log.size;
  }

  /** Adds their paths to an HTTP server. @param resources what the stream of status can be about */
  add(
    app: FastifyInstance,
    prefix: string,
    resources: readonly Resource[],
    routing: RoutingContext,
  ): void {
    const topics = new Topics(resources, routing);
    const { viewerOf, log } = routing;
    const route = (
      path: string,
      start: (request: FastifyRequest, reply: FastifyReply) => Promise<void>,
    ): void => {
      app.get(`${prefix}${path}`, async (request, reply) => {
        reply.headers(API_HEADERS);
        try {
          await start(request, reply);
          return reply;
        } catch (error) {
          return sendError(reply, error, log);
        }
      });
    };
    route('/api/_ui/stream', (request, reply) => {
      return this.status.start(request, reply, topics, viewerOf);
    });
    route('/api/_ui/log', (request, reply) => this.log.start(request, reply, viewerOf));
  }

  /** Ends all of them. */
  stop(): void {
    this.status.stop();
    this.log.stop();
  }
}
