/**
 * NodeName: what this broker is called among others, e.g. `rabbit@host`: by configuration, or
 * after the machine, as RabbitMQ does. For composition roots.
 */
import { hostname } from 'node:os';
import type { Config } from './config.ts';

/** The name that operators and tools see. */
export function nodeName(config: Config): string {
  return config.get('nodename') ?? `rabbit@${hostname().split('.')[0]}`;
}
