import { isJsonObject, type JsonObject } from '#kernel/json.ts';
import { noInstant, readInstant } from '#resolvers/threat/instant.ts';

/** What of an object everything else rests on. */
export interface StixEssence {
  readonly stixId: string;
  readonly type: string;
  readonly specVersion: string;
  readonly version: string;
  readonly body: JsonObject;
}

/** Why an object is not kept, as its status tells it. */
export interface StixFault {
  readonly stixId: string;
  readonly version: string;
  readonly message: string;
}

/** Stands for the id of an object that has none. */
export const unknownId = 'unknown--00000000-0000-4000-8000-000000000000';

const mostDepth = 100;
const longestId = 300;
const idForm = /^([a-z0-9-]{3,250})--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const typeForm = /^[a-z0-9-]{3,250}$/;
const specForm = /^\d+\.\d+$/;

/** Whether a text can be the id of an object at all. */
export const isStixId = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= longestId && typeForm.test(idForm.exec(text)?.[1] ?? '');

/**
 * The checks that every object passes, whatever its type: what it is, which version of it, and that it can be kept.
 * @param position its place in the request, for the message about one without an id.
 */
export function judgeObject(value: unknown, position: number): StixEssence | StixFault {
  if (!isJsonObject(value)) return { ...unknown(position, 'is not an object'), version: noInstant };
  const { created, modified } = value;
  const times = [modified, created].map((time) => (typeof time === 'string' ? readInstant(time) : null));
  const version = times[0] ?? times[1] ?? noInstant;
  const fault = faultOfContent(value, '', 1) ?? faultOfEssence(value, times);
  if (!isStixId(value.id)) return { ...unknown(position, faultOfId(value.id) ?? 'id: is missing'), version };
  if (fault !== null) return { stixId: value.id, version, message: fault };
  return {
    stixId: value.id,
    type: value.type as string,
    specVersion: (value.spec_version as string | undefined) ?? '2.1',
    version,
    body: value,
  };
}

export const isFault = (judged: StixEssence | StixFault): judged is StixFault => 'message' in judged;

const unknown = (position: number, message: string) => ({
  stixId: unknownId,
  message: `objects[${position}]: ${message}`,
});

function faultOfId(id: unknown): string | null {
  if (id === undefined) return 'id: is missing';
  if (typeof id !== 'string') return 'id: must be a text';
  if (id.length > longestId) return `id: may not be longer than ${longestId} characters`;
  return 'id: must be <type>--<UUID>';
}

/** @param times what `modified` and `created` say, null where that is no instant. */
function faultOfEssence(value: JsonObject, [modified, created]: readonly (string | null | undefined)[]): string | null {
  const { id, type, spec_version: spec } = value;
  if (type === undefined) return 'type: is missing';
  if (typeof type !== 'string' || !typeForm.test(type)) return 'type: must be 3 to 250 of a-z, 0-9 and -';
  if (type !== String(id).slice(0, -38)) return `type: must be what its id begins with, not ${type}`;
  if (spec !== undefined && (typeof spec !== 'string' || spec.length > 10 || !specForm.test(spec)))
    return 'spec_version: must be digits, a dot and digits, of at most 10 characters';
  if (value.created !== undefined && !created) return `created: ${noTime}`;
  if (value.modified !== undefined && !modified) return `modified: ${noTime}`;
  return created && modified && modified < created ? 'modified: may not be before created' : null;
}

const noTime = 'must be an instant in UTC with at most six digits after the second, such as 2016-04-06T20:03:48.000Z';

/** What of the content cannot be kept, or would not be given back as it was sent. */
function faultOfContent(value: unknown, path: string, depth: number): string | null {
  switch (typeof value) {
    case 'string':
      return faultOfText(value, path);
    case 'number':
      return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? null : `${path}: may not be beyond 2^53 - 1`;
    case 'boolean':
      return null;
    case 'object':
      if (value === null) return null;
      if (depth > mostDepth) return `${topOf(path)}: may not be nested deeper than ${mostDepth} levels`;
      return Array.isArray(value) ? faultOfList(value, path, depth) : faultOfObject(value, path, depth);
    default:
      return `${path}: must be JSON`;
  }
}

function faultOfText(text: string, path: string): string | null {
  if (text.includes('\u0000')) return `${path}: may not hold U+0000`;
  return text.isWellFormed() ? null : `${path}: may not hold halves of surrogate pairs`;
}

function faultOfList(list: readonly unknown[], path: string, depth: number): string | null {
  for (const [index, member] of list.entries()) {
    const fault = faultOfContent(member, `${path}[${index}]`, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

function faultOfObject(value: object, path: string, depth: number): string | null {
  for (const [key, member] of Object.entries(value)) {
    if (faultOfText(key, '') !== null) return `${path === '' ? 'a name' : path}: ${unspeakable}`;
    const fault = faultOfContent(member, path === '' ? key : `${path}.${key}`, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

const unspeakable = 'may not hold a name with U+0000 or halves of surrogate pairs';

/** A path of a hundred levels helps nobody. */
const topOf = (path: string): string => /^[^.[]*/.exec(path)?.[0] ?? path;
