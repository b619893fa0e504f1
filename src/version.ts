/**
 * Warren's own version, from the package manifest: the one beside the sources, or in the published
 * package the one beside the compiled files.
 */
import { readFileSync } from 'node:fs';

interface Manifest {
  readonly version: string;
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
}

/** e.g. `0.1.0` */
export const VERSION: string = readManifest().version;

/**
 * RabbitMQ's version that clients and tools see. They branch on it: this is the series whose
 * behaviour Warren follows.
 */
export const RABBITMQ_VERSION = '4.3.0';
