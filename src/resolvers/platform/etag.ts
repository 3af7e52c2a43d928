import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ConflictError } from '#kernel/errors.ts';

/** A new mark of a state: 128 random bits. Made at every change that a user makes. */
export const newEtag = (): string => randomBytes(16).toString('base64url');

/** The etag that a change names. */
export const etagText = z.string('etag must be a text.');

/** @throws ConflictError with the current etag when the thing changed since it was read. */
export function requireEtag(current: string, given: string): void {
  if (current !== given)
    throw new ConflictError(`Changed since you read it: etag ${given} is not current.`, ['etag'], current);
}
