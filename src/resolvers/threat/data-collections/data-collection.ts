import { toGlobalId } from '#kernel/id.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { Facts, Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';
import type { ContentBinding } from '#resolvers/threat/content-blocks/binding.ts';

/** A feed is ordered by time and polled by it; a set has no order. */
export type DataCollectionType = 'DATA_FEED' | 'DATA_SET';

/** A named store of content blocks. */
export interface DataCollection {
  readonly id: string;
  /** On the wire and in permissions: a UUID in lower case, unique. */
  readonly taxiiId: string;
  /** Unique, compared exactly. */
  readonly name: string;
  readonly type: DataCollectionType;
  readonly description: string | null;
  /** Whether it takes blocks of every binding; then `supportedContent` restricts nothing. */
  readonly acceptAllContent: boolean;
  readonly supportedContent: readonly ContentBinding[];
  /** What is not available is seen, and neither filled nor polled. */
  readonly available: boolean;
  /** How many blocks are attached to it, exact at every commit. */
  readonly volume: number;
  /** ISO 8601 in UTC with microseconds, as all instants of this domain. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A list in the order of names, whose positions are `[name]`. */
export interface DataCollectionQuery {
  readonly visibility: Visibility;
  readonly page: PageRequest;
}

/** What this domain asks of the storage of data collections. */
export interface DataCollectionStore {
  getMany(ids: readonly string[]): Promise<(DataCollection | null)[]>;
  getByTaxiiId(taxiiIds: readonly string[]): Promise<(DataCollection | null)[]>;
  getByName(names: readonly string[]): Promise<(DataCollection | null)[]>;
  /** All that are visible. */
  page(query: DataCollectionQuery): Promise<Page<DataCollection>>;
  /** Those of each service, by row id of the service, in one read. */
  pagesOfServices(serviceIds: readonly string[], query: DataCollectionQuery): Promise<Page<DataCollection>[]>;
  /** All of each service, in the order of names, in one read. */
  ofServices(serviceIds: readonly string[]): Promise<(readonly DataCollection[])[]>;
  /**
   * Null for each whose name or TAXII id is taken, also by one before it in the call; of racing callers exactly one gets
   * it.
   */
  insertMany(collections: readonly DataCollection[]): Promise<(DataCollection | null)[]>;
  /** The collections as they are, which then stay until the unit of work ends. Any number of units may hold one. */
  hold(ids: readonly string[]): Promise<(DataCollection | null)[]>;
  /**
   * The collections as they are, exclusively until the unit of work ends: waits for those who hold or lock them. Who
   * gives labels or attaches or detaches blocks has locked the collection.
   */
  lock(ids: readonly string[]): Promise<(DataCollection | null)[]>;
  /**
   * Writes all but id, TAXII id, volume and `createdAt` of collections that the unit has locked: they may swap names.
   * Answers those whose name is taken by another; when there are any, the unit of work must be given up.
   */
  updateMany(collections: readonly DataCollection[]): Promise<readonly DataCollection[]>;
  /** Adds to the volumes, or takes from them: to what they are at this moment, so that none is lost in a race. */
  addToVolumes(changes: readonly { readonly id: string; readonly by: number }[]): Promise<void>;
  /** Deletes collections and their attachments to services. Blocks are detached before. */
  deleteMany(ids: readonly string[]): Promise<void>;
  /** Row ids of the services that each collection is attached to, in no order. */
  servicesOf(ids: readonly string[]): Promise<(readonly string[])[]>;
  /** Attaches each collection to exactly these services, by row id. */
  replaceServices(
    attachments: readonly { readonly id: string; readonly serviceIds: readonly string[] }[],
  ): Promise<void>;
  /** Detaches services, by row id, from all collections. */
  removeServices(serviceIds: readonly string[]): Promise<void>;
  /** The row ids of all that there are: they are few, and a document of the config names all. */
  allIds(): Promise<string[]>;
}

export const dataCollectionStore = definePort<DataCollectionStore>('threat.dataCollections');

/** What rights on it are checked with. */
export const dataCollectionFacts = ({ taxiiId }: Pick<DataCollection, 'taxiiId'>): Facts => ({ collection: taxiiId });

export const dataCollectionGlobalId = (id: string): string => toGlobalId('DataCollection', id);
