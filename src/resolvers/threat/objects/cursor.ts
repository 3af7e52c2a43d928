import { isUuid } from '#kernel/id.ts';
import { encodePosition, type Position } from '#kernel/page.ts';
import { isInstant } from '#resolvers/threat/instant.ts';

/** The most characters of a cursor: that of the longest id. */
const longest = 700;

/** A place in a list of versions as clients carry it. */
export const encodeStixCursor = (position: Position): string => encodePosition(position);

/** @returns null for a text that is none, whatever it is. */
export function decodeStixCursor(text: string): Position | null {
  if (text.length > longest || !/^[A-Za-z0-9_-]+$/.test(text)) return null;
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return isPosition(parts) ? parts : null;
  } catch {
    return null;
  }
}

function isPosition(parts: unknown): parts is Position {
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) return false;
  const [dateAdded = '', stixId = '', version = '', collectionId, ...more] = parts as string[];
  return (
    isInstant(dateAdded) &&
    stixId !== '' &&
    !stixId.includes('\u0000') &&
    stixId.isWellFormed() &&
    isInstant(version) &&
    (collectionId === undefined || isUuid(collectionId)) &&
    more.length === 0
  );
}
