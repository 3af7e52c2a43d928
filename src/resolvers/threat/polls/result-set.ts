import { definePort } from '#kernel/port.ts';
import type { WantedContent } from '#resolvers/threat/content-blocks/binding.ts';
import type { BlockPlace } from '#resolvers/threat/content-blocks/content-block.ts';

/**
 * A poll whose answer has more than one part: the query with a fixed end, and no copy of what it found. Its parts are
 * numbered from 1.
 */
export interface ResultSet {
  /** Also the result id on the wire. */
  readonly id: string;
  /** Row id. */
  readonly dataCollectionId: string;
  readonly wanted: WantedContent;
  /** As it was asked for. */
  readonly begin: string | null;
  readonly end: string;
  /** Whether answers tell the end: those of a feed do, those of a set only where it was asked for. */
  readonly endStated: boolean;
  /** How many blocks a part has. */
  readonly partSize: number;
  /** The most that is announced as its count. */
  readonly maxResultCount: number;
  /** The subscription it was polled by. */
  readonly subscriptionId: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** Where a part ends: the place of its last block. */
export interface PartEnd {
  readonly part: number;
  readonly last: BlockPlace;
}

/**
 * What this domain asks of the storage of result sets. A storage may have none of them: then polls are answered in one
 * part, and nothing is fulfilled.
 */
export interface ResultSetStore {
  insert(set: ResultSet): Promise<void>;
  getMany(ids: readonly string[]): Promise<(ResultSet | null)[]>;
  /** The result set as it is, exclusively until the unit of work ends. */
  lock(id: string): Promise<ResultSet | null>;
  /** The known end of the part with the highest number up to this one; null when none is known. */
  nearestEnd(id: string, part: number): Promise<PartEnd | null>;
  /** Keeps ends of parts, once: one that is known stays as it is. */
  keepEnds(id: string, ends: readonly PartEnd[]): Promise<void>;
  countExpired(now: string): Promise<number>;
  /** Deletes result sets that are expired, the oldest first. @returns how many. */
  deleteExpired(now: string, limit: number): Promise<number>;
  deleteOfDataCollections(dataCollectionIds: readonly string[]): Promise<void>;
}

export const resultSetStore = definePort<ResultSetStore>('threat.resultSets');
