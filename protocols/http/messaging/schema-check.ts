/**
 * SchemaCheck: checks a value against a Schema where no route does it: what comes over a socket.
 * Puts in the defaults, as fastify's validator does for routes; both go by the same constants.
 */
import type { ObjectSchema, Schema } from './schema.ts';

/**
 * What is wrong with a value, null for nothing. Members that are missing and have a default are
 * set in it.
 */
export function wrongWith(value: unknown, schema: Schema, at = ''): string | null {
  const wrong = wrongType(value, schema) ?? wrongRange(value, schema);
  if (wrong !== null) return `${at === '' ? 'it' : at} ${wrong}`;
  if (Array.isArray(value)) return wrongItem(value, schema, at);
  if (schema.properties === undefined) return null;
  return wrongMember(value as Record<string, unknown>, schema as ObjectSchema, at);
}

function wrongType(value: unknown, { type, enum: words }: Schema): string | null {
  if (words !== undefined && !words.includes(value as string)) {
    return `must be one of ${words.join(', ')}`;
  }
  if (type === undefined) return null;
  if (typeof type !== 'string') {
    const fits = type.some((one) => isOf(value, one));
    return fits ? null : `must be a ${type.join(' or ')}`;
  }
  return isOf(value, type) ? null : `must be ${/^[aio]/.test(type) ? 'an' : 'a'} ${type}`;
}

function isOf(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isSafeInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
  return typeof value === type;
}

function wrongRange(value: unknown, schema: Schema): string | null {
  const { minimum, maximum, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
  if (typeof value === 'number') {
    if (minimum !== undefined && value < minimum) return `must be at least ${minimum}`;
    if (maximum !== undefined && value > maximum) return `must be at most ${maximum}`;
  }
  if (typeof value === 'string') {
    if (value.length < minLength) return `must have at least ${minLength} characters`;
    if (value.length > maxLength) return `must have at most ${maxLength} characters`;
  }
  if (Array.isArray(value)) {
    if (value.length < minItems) return `must have at least ${minItems} items`;
    if (value.length > maxItems) return `must have at most ${maxItems} items`;
  }
  return null;
}

function wrongItem(values: readonly unknown[], { items }: Schema, at: string): string | null {
  if (items === undefined) return null;
  for (const [index, value] of values.entries()) {
    const wrong = wrongWith(value, items, `${at}/${index}`);
    if (wrong !== null) return wrong;
  }
  return null;
}

function wrongMember(
  value: Record<string, unknown>,
  { properties, required = [], additionalProperties = true }: ObjectSchema,
  at: string,
): string | null {
  for (const name of required) {
    if (!Object.hasOwn(value, name)) return `${at === '' ? 'it' : at} must have ${name}`;
  }
  for (const [name, member] of Object.entries(value)) {
    const schema = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (schema === undefined) {
      if (!additionalProperties) return `${at}/${name} is nothing that is known here`;
      continue;
    }
    const wrong = wrongWith(member, schema, `${at}/${name}`);
    if (wrong !== null) return wrong;
  }
  for (const [name, { default: usual }] of Object.entries(properties)) {
    if (usual !== undefined && !Object.hasOwn(value, name)) value[name] = usual;
  }
  return null;
}
