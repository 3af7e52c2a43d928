import { v5 as uuidv5 } from 'uuid';
import { z } from 'zod';
import { type JsonObject, jsonObject } from '#kernel/json.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';

/**
 * Words. *Path*: where a document stands, `/` for the root, `/a/b` for a leaf two levels below. *Chain*: the paths from
 * the root to a path, both included. A document inherits, key by key, from what stands above it in its chain.
 */

/** A document as it is kept. Instants are ISO 8601 in UTC with milliseconds. */
export interface StoreDocument {
  /** Follows from the path: what is deleted and made again is the same document. */
  readonly id: string;
  readonly path: string;
  /** What it says itself. */
  readonly body: JsonObject;
  readonly etag: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What the platform asks of the storage of documents. What lies below a path is told by segments. */
export interface DocumentStore {
  getMany(ids: readonly string[]): Promise<(StoreDocument | null)[]>;
  findMany(paths: readonly string[]): Promise<(StoreDocument | null)[]>;
  /** Those right below a path that are visible, by path. Positions are the path. */
  children(path: string, visibility: Visibility, request: PageRequest): Promise<Page<StoreDocument>>;
  /** Those anywhere below a path. */
  countBelow(path: string): Promise<number>;
  /** From here to its end the unit is the only one that writes documents. */
  lock(): Promise<void>;
  /** Makes the document of this path, or takes its place. `createdAt` of one that exists stays. */
  put(document: StoreDocument): Promise<StoreDocument>;
  /** Deletes the document and everything below it. Answers what is gone, the last path first. */
  remove(path: string): Promise<StoreDocument[]>;
}

export const documentStore = definePort<DocumentStore>('platform.documents');

/** What every document inherits, below the root's own. */
export interface StoreRules {
  readonly default: JsonObject;
}

export const storeRules = definePort<StoreRules>('store.rules');

const mostSegments = 32;
const longestSegment = 128;
const namespace = '0195c2f4-6a4e-5b7e-9d53-8f4f6b1c2a10';

/** The row id of the document at a path. */
export const documentId = (path: string): string => uuidv5(path, namespace);

export const segmentsOf = (path: string): string[] => (path === '/' ? [] : path.slice(1).split('/'));

/** The path above, or null for the root. */
export function parentOf(path: string): string | null {
  if (path === '/') return null;
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** The paths from the root to this one. */
export const chainOf = (path: string): string[] => [
  '/',
  ...segmentsOf(path).map((_, index, all) => `/${all.slice(0, index + 1).join('/')}`),
];

/** Whether a path is another one, or lies below it. */
export const isWithin = (path: string, other: string): boolean =>
  path === other || other === '/' || path.startsWith(`${other}/`);

/** A path as people give it: `/`, or segments with a slash before each. */
export const documentPath = z
  .string('path must be a text.')
  .normalize('NFC')
  .superRefine((path, check) => {
    const fault = pathFault(path);
    if (fault !== null) check.addIssue(`"${path.slice(0, 200)}" is no path of a document: ${fault}.`);
  });

function pathFault(path: string): string | null {
  if (!path.startsWith('/')) return 'it begins with a slash';
  const segments = segmentsOf(path);
  if (segments.length > mostSegments) return `it has at most ${mostSegments} segments`;
  for (const segment of segments) {
    if (segment === '') return 'no segment is empty, and no slash is at its end';
    if (segment === '.' || segment === '..') return 'a segment is neither "." nor ".."';
    if ([...segment].length > longestSegment) return `a segment has at most ${longestSegment} characters`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (/[\u0000-\u001f\u007f]/.test(segment)) return 'it holds no control characters';
    if (!segment.isWellFormed()) return 'it holds no halves of surrogate pairs';
  }
  return null;
}

export const documentBody = jsonObject('body');
