/**
 * The options about what the broker may use of its machine, and when publishers are held back.
 * Part of the table in config-options.ts.
 */
import { single } from './config-option.ts';
import { decimal, milliseconds, orNone, size } from './config-value.ts';

const RESOURCES = 'Memory and disk';

/** More than any machine has. */
const MUCH = 2 ** 50;

export const RESOURCE_OPTIONS = {
  'vm_memory_high_watermark.relative': single({
    group: RESOURCES,
    type: decimal(0, 1),
    default: '0.6',
    text:
      'The part of the memory that the broker may use before publishers are held back. In a ' +
      'container it is a part of what the container may use. 0 holds publishers back for ever.',
  }),
  'vm_memory_high_watermark.absolute': single({
    group: RESOURCES,
    type: orNone(size(0, MUCH)),
    default: 'none',
    text: 'The same as an amount of memory; it then counts instead.',
  }),
  total_memory_available_override_value: single({
    group: RESOURCES,
    type: orNone(size(1, MUCH)),
    default: 'none',
    text: 'How much memory there is, if the system says something wrong.',
  }),
  memory_monitor_interval: single({
    group: RESOURCES,
    type: milliseconds(10, 86_400_000),
    default: '2500',
    text: 'How often memory and disk are looked at.',
  }),
  'disk_free_limit.absolute': single({
    group: RESOURCES,
    type: size(0, MUCH),
    default: '50MB',
    text: 'How much has to be free on the disk of data_dir, or publishers are held back.',
  }),
  'disk_free_limit.relative': single({
    group: RESOURCES,
    type: orNone(decimal(0, 1000)),
    default: 'none',
    text: 'The same as a multiple of the memory that there is; it then counts instead.',
  }),
} as const;
