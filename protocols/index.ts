/**
 * The list of protocol adapters, for the composition roots. What each supports and how it maps to
 * the model is README.md beside this file.
 */
export { Amqp } from './amqp/amqp.ts';
export type {
  HttpService,
  HttpServiceOptions,
  ManagementOptions,
  MetricsListenerOptions,
} from './http/http-service.ts';
export type { CertificateInfo } from './http/management/context.ts';
export { Mqtt } from './mqtt/mqtt.ts';
export { Stomp } from './stomp/stomp.ts';

/** HTTP is loaded when it is needed: an embedded broker without it starts faster. */
export async function loadHttp(): Promise<typeof import('./http/http-service.ts')> {
  return import('./http/http-service.ts');
}

/** Definitions are imported at the start of some brokers, and by the management API. */
export async function loadDefinitionImport(): Promise<
  typeof import('./http/definitions/definition-import.ts')
> {
  return import('./http/definitions/definition-import.ts');
}
