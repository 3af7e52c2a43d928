import { toGlobalId } from '#kernel/id.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { Facts } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';

/** A set of versions of STIX objects, as TAXII 2.1 has it. */
export interface TaxiiCollection {
  /** Also the UUID on the wire and in permissions: `taxiiId`. */
  readonly id: string;
  /** Its API root never changes. */
  readonly apiRootId: string;
  readonly title: string;
  readonly description: string | null;
  /** Another name for its URL; unique in its root, and never of the form of a UUID. */
  readonly alias: string | null;
  /** Whether everybody reads it, without a credential too. */
  readonly isPublic: boolean;
  /** Whether everybody adds to it, without a credential too. */
  readonly isPublicWrite: boolean;
  /** How many versions it keeps, exact at every commit. */
  readonly objectCount: number;
  /** ISO 8601 in UTC with microseconds, as all instants of this domain. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Names a collection in its root. */
export interface CollectionAlias {
  readonly apiRootId: string;
  readonly alias: string;
}

/** What a list is of: everything, or what some roots have, by row id of the root. */
export type CollectionScope = { readonly kind: 'all' } | { readonly kind: 'roots'; readonly ids: readonly string[] };

/** What everybody may do with a collection. */
export type OpenCollection = Pick<TaxiiCollection, 'id' | 'isPublic' | 'isPublicWrite'>;

/** What this domain asks of the storage of collections. Lists are in the order of titles, with positions `[title, id]`. */
export interface CollectionStore {
  getMany(ids: readonly string[]): Promise<(TaxiiCollection | null)[]>;
  getByAlias(keys: readonly CollectionAlias[]): Promise<(TaxiiCollection | null)[]>;
  page(scope: CollectionScope, page: PageRequest): Promise<Page<TaxiiCollection>>;
  /** The same page of each root, by row id of the root, in one read. */
  pagesOfRoots(apiRootIds: readonly string[], page: PageRequest): Promise<Page<TaxiiCollection>[]>;
  /**
   * Null for each whose id is taken, or whose alias is in its root, also by one before it in the call; of racing callers
   * exactly one gets it.
   */
  insertMany(collections: readonly TaxiiCollection[]): Promise<(TaxiiCollection | null)[]>;
  /** The collections as they are, which nobody deletes until the unit of work ends. Any number of units may hold one. */
  hold(ids: readonly string[]): Promise<(TaxiiCollection | null)[]>;
  /**
   * The collections as they are, exclusively until the unit of work ends: waits for those who hold or lock them. Who adds
   * or deletes objects has locked the collection.
   */
  lock(ids: readonly string[]): Promise<(TaxiiCollection | null)[]>;
  /** Locks all of these roots, by row id of the root; answers them in the order of their ids. */
  lockInRoots(apiRootIds: readonly string[]): Promise<TaxiiCollection[]>;
  /**
   * Writes all but id, root, `objectCount` and `createdAt` of collections that the unit has locked: they may swap
   * aliases. Answers those whose alias is taken by another of their root; when there are any, the unit of work must be
   * given up.
   */
  updateMany(collections: readonly TaxiiCollection[]): Promise<readonly TaxiiCollection[]>;
  /** Adds to the counts of objects, or takes from them: to what they are at this moment, so that none is lost in a race. */
  addToCounts(changes: readonly { readonly id: string; readonly by: number }[]): Promise<void>;
  /** Deletes collections. Their objects are removed before. */
  deleteMany(ids: readonly string[]): Promise<void>;
  /** All that everybody reads or adds to. */
  listOpen(): Promise<readonly OpenCollection[]>;
  /** The row ids of all in these roots, by row id of the root. */
  idsInRoots(apiRootIds: readonly string[]): Promise<string[]>;
}

export const collectionStore = definePort<CollectionStore>('threat.collections');

/** What rights on it are checked with. */
export const collectionFacts = ({ id, apiRootId }: Pick<TaxiiCollection, 'id' | 'apiRootId'>): Facts => ({
  collection: id,
  apiRoot: apiRootId,
});

export const collectionGlobalId = (id: string): string => toGlobalId('TaxiiCollection', id);

/** What its objects are. */
export const collectionMediaTypes: readonly string[] = ['application/stix+json;version=2.1'];
