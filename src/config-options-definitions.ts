/**
 * The options of definitions files: what a broker imports when it starts. Part of the table in
 * config-options.ts; read it for what a row means.
 */
import { single } from './config-option.ts';
import { boolean, oneOf, orNone, string } from './config-value.ts';

const DEFINITIONS = 'Definitions';

export const DEFINITIONS_OPTIONS = {
  load_definitions: single({
    group: DEFINITIONS,
    type: orNone(string(1, 4096)),
    default: 'none',
    aliases: ['management.load_definitions'],
    text:
      'A definitions file to import at every start, as exported by RabbitMQ or Warren, or a ' +
      'folder of them. A new broker that imports definitions has the users of the file, and not ' +
      'the default user and virtual host.',
  }),
  'definitions.import_backend': single({
    group: DEFINITIONS,
    type: oneOf(['local_filesystem', 'https'], { rabbit_definitions_import_https: 'https' }),
    default: 'local_filesystem',
    text:
      'Where definitions are imported from: "definitions.local.path" or ' +
      '"definitions.https.url".',
  }),
  'definitions.local.path': single({
    group: DEFINITIONS,
    type: orNone(string(1, 4096)),
    default: 'none',
    text: 'The same as "load_definitions".',
  }),
  'definitions.https.url': single({
    group: DEFINITIONS,
    type: orNone(string(1, 4096)),
    default: 'none',
    text: 'An address to import definitions from, with "definitions.import_backend = https".',
  }),
  'definitions.skip_if_unchanged': single({
    group: DEFINITIONS,
    type: boolean,
    default: 'false',
    text: 'Whether definitions that were imported last time are not imported again.',
  }),
} as const;
