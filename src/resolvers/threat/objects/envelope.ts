import { InputError } from '#kernel/errors.ts';
import { isJsonObject } from '#kernel/json.ts';

/**
 * The objects in a request to add some, whatever else it says: a bundle is accepted as well.
 * @param text the whole body.
 * @throws InputError for a request of which nothing can be taken.
 */
export function readEnvelope(text: string): readonly unknown[] {
  if (text.trim() === '') throw InputError.at([], 'No data');
  return objectsIn(readJson(text));
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw InputError.at([], `Invalid json: ${error instanceof Error ? error.message : error}`);
  }
}

/** The same for a request that was read already. */
export function objectsIn(envelope: unknown): readonly unknown[] {
  const objects = isJsonObject(envelope) && Object.hasOwn(envelope, 'objects') ? envelope.objects : null;
  if (!Array.isArray(objects)) throw InputError.at([], 'No objects');
  return objects;
}
