import type { JsonObject } from '#kernel/json.ts';
import type { Page, PageRequest, Position } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';
import type { VersionSelection } from '#resolvers/threat/objects/match.ts';

/** One version of a STIX object in one collection, without its body. */
export interface StixVersion {
  readonly id: string;
  /** Row id of the collection. */
  readonly collectionId: string;
  /** `<type>--<UUID>`. */
  readonly stixId: string;
  readonly type: string;
  /** `2.1` for one that was sent without. */
  readonly specVersion: string;
  /** When this version was made, by its author: an instant with six digits. */
  readonly version: string;
  /** When this version came into this collection. No two of a collection have the same. */
  readonly dateAdded: string;
  /** Whether it is the lowest version of its object in its collection. */
  readonly isFirst: boolean;
  /** Whether it is the highest. */
  readonly isLast: boolean;
  /** Why the pattern of an indicator could not be read in whole; null where it could, and for what has none. */
  readonly patternError: string | null;
}

export interface StixObject extends StixVersion {
  /** As it was sent. */
  readonly body: JsonObject;
}

/** A version on its way into a collection. */
export type NewStixObject = Omit<StixObject, 'collectionId' | 'dateAdded' | 'isFirst' | 'isLast'> & {
  /** Equal for equal content, in hexadecimal digits. */
  readonly hash: string;
};

/** What became of a version: kept, kept before with the same content, or kept before with another content, which stays. */
export type Addition =
  | { readonly outcome: 'stored'; readonly object: StixVersion }
  | { readonly outcome: 'present' | 'differs' };

/** Which versions of a collection; everything given must hold, one value of each list is enough. */
export interface StixFilter {
  readonly stixIds?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly specVersions?: readonly string[] | undefined;
  /** First and last are those of the whole collection, whatever else the filter says. */
  readonly versions: VersionSelection;
  /** Only what was added after this instant, not at it. */
  readonly addedAfter?: string | undefined;
}

/** A list over some collections, each named by its row id once, or over all. */
export type StixList = readonly string[] | 'all';

export interface StixQuery {
  readonly filter: StixFilter;
  /** Positions are `[dateAdded, stixId, version]`, with the row id of the collection at the end in a list over more than one. */
  readonly page: PageRequest;
}

/** What a deletion did. */
export interface StixRemoval {
  readonly removed: readonly StixVersion[];
  /** The versions that are the last of their object now, where the one that was is gone. */
  readonly promoted: readonly StixObject[];
}

/** What this domain asks of the storage of STIX objects. */
export interface StixObjectStore {
  getMany(ids: readonly string[]): Promise<(StixObject | null)[]>;
  /**
   * The versions with these keys; without a version the last one.
   * @param keys instants with six digits.
   */
  getByVersion(
    keys: readonly { readonly collectionId: string; readonly stixId: string; readonly version?: string | undefined }[],
  ): Promise<(StixObject | null)[]>;
  /** Whether each collection holds any version of the object. */
  holding(collectionIds: readonly string[], stixId: string): Promise<boolean[]>;
  /**
   * Keeps versions, in the unit of work, which has locked their collection: so readers see them appear in the order of
   * `dateAdded`. That rises strictly in the order given, from `now` on or, where that is not later, from one microsecond
   * after the newest that the collection ever had. A version that the collection holds already, or that came before in
   * the call, stays as it is. What is first and last is right at the end of the call. Of racing callers one stores a
   * version and the others find it present.
   * @param now an instant with six digits.
   * @returns for each in its order, with the marks as they are after all of them.
   */
  addMany(collectionId: string, objects: readonly NewStixObject[], now: string): Promise<Addition[]>;
  /** What `addMany` would answer now of each, without doing it and without waiting for anybody. */
  compareMany(collectionId: string, objects: readonly NewStixObject[]): Promise<Addition['outcome'][]>;
  /**
   * A page of each list in the order `(dateAdded, stixId, version)`, in one read however many lists there are. The cost
   * does not depend on how far the page is from the start.
   */
  versionPages(lists: readonly StixList[], query: StixQuery): Promise<Page<StixVersion>[]>;
  /**
   * The same with bodies. A page ends before its bodies together are larger, but holds one where there is one.
   * @param maxBytes of their JSON, for each page.
   */
  pages(lists: readonly StixList[], query: StixQuery, maxBytes: number): Promise<Page<StixObject>[]>;
  /** Such a page of all versions of each object in its collection, in one read however many. */
  siblingPages(
    objects: readonly { readonly collectionId: string; readonly stixId: string }[],
    page: PageRequest,
  ): Promise<Page<StixVersion>[]>;
  /**
   * Removes versions of one object for good, in the unit of work, which has locked the collection; the lowest and the
   * highest of those left become first and last.
   */
  deleteVersions(
    collectionId: string,
    stixId: string,
    filter: Pick<StixFilter, 'versions' | 'specVersions'>,
  ): Promise<StixRemoval>;
  /** Of the collections with versions that are not the last and were added before an instant, one; null for none. */
  nextSuperseded(before: string): Promise<string | null>;
  /** How many such versions there are in all collections. */
  countSuperseded(before: string): Promise<number>;
  /** Removes such versions of a collection in the same way, the oldest first. */
  deleteSuperseded(collectionId: string, before: string, limit: number): Promise<StixRemoval>;
  /** Removes everything of collections that are about to be deleted, in the unit of work, which has locked them. */
  deleteCollections(collectionIds: readonly string[]): Promise<void>;
  /** A position as a text for clients: base64url, opaque to them. It round-trips. */
  encodeCursor(position: Position): string;
  /** Null for a text that is no cursor of such lists. */
  decodeCursor(text: string): Position | null;
}

export const stixObjectStore = definePort<StixObjectStore>('threat.stixObjects');

/** The media type of a version, as a manifest tells it. */
export const stixMediaType = ({ specVersion }: StixVersion): string => `application/stix+json;version=${specVersion}`;
