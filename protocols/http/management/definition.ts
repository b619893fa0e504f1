/**
 * Definitions in the management API: a broker or a vhost as one document, out and in. The document
 * comes as the body, or as the file of a form, which is how browsers upload it.
 */

import { Answer, badRequest, NO_CONTENT } from '../answer.ts';
import { exportAll, exportVhost } from '../definitions/definition-export.ts';
import { importDefinitions } from '../definitions/definition-import.ts';
import { filePart } from '../definitions/multipart.ts';
import type { Call, Resource } from '../routing.ts';
import { clusterNameOf, type ManagementContext, vhostOf } from './context.ts';

function documentOf(call: Call): unknown {
  const type = String(call.headers['content-type'] ?? '');
  if (!type.startsWith('multipart/')) return call.body;
  const file = call.raw && filePart(call.raw, type, 'file');
  if (!file) throw badRequest('the form has no file');
  try {
    return JSON.parse(file.toString('utf8'));
  } catch {
    throw badRequest('not_json');
  }
}

/** With `download=<name>` browsers save it instead of showing it. */
function answer(call: Call, document: unknown): Answer {
  const name = call.query.download?.replace(/[^\w.@-]/g, '_');
  const disposition = `attachment; filename=${name}`;
  return new Answer(200, document, name ? { 'content-disposition': disposition } : {});
}

async function take(context: ManagementContext, call: Call): Promise<Answer> {
  const { broker } = context;
  const { name } = call.viewer.user;
  await importDefinitions(broker, documentOf(call), name, call.params.vhost ?? null);
  return NO_CONTENT;
}

/** Whole, and by vhost. */
export function definitionResources(context: ManagementContext): Resource[] {
  const { broker } = context;
  const whole: Omit<Resource, 'path'> = {
    access: 'administrator',
    get: (call) => answer(call, exportAll(broker, { clusterName: clusterNameOf(context) })),
    post: (call) => take(context, call),
  };
  return [
    { path: '/api/definitions', ...whole },
    { path: '/api/all-configuration', ...whole },
    {
      path: '/api/definitions/:vhost',
      access: 'policymaker',
      changeAccess: 'administrator',
      get: (call) => answer(call, exportVhost(broker, vhostOf(context, call))),
      post: (call) => take(context, call),
    },
  ];
}
