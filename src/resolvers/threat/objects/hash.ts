import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { JsonObject } from '#kernel/json.ts';

/**
 * A hash over what an object says, equal however its JSON is written. One that was sent without a version of the
 * specification is read back with it, and is the same.
 */
export function hashOf(body: JsonObject, specVersion: string): string {
  const whole = body.spec_version === undefined ? { ...body, spec_version: specVersion } : body;
  return createHash('sha256')
    .update(canonicalize(whole) ?? '')
    .digest('hex');
}
