import { toGlobalId } from '#kernel/id.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { Facts } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';

/** A group of collections with its own URL. */
export interface TaxiiApiRoot {
  /** Also the UUID on the wire and in permissions: `taxiiId`. */
  readonly id: string;
  /** A name for its URL; unique, and never of the form of a UUID. */
  readonly slug: string | null;
  readonly title: string;
  readonly description: string | null;
  /** Told by the discovery as the one to begin with: one at most. */
  readonly isDefault: boolean;
  /** Whether it and the list of its collections are seen without a credential. */
  readonly isPublic: boolean;
  /** ISO 8601 in UTC with microseconds, as all instants of this domain. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A list in the order of titles, whose positions are `[title, id]`. */
export interface ApiRootQuery {
  /** Leaves out those that need a credential. */
  readonly publicOnly: boolean;
  readonly page: PageRequest;
}

/** What this domain asks of the storage of API roots. */
export interface ApiRootStore {
  getMany(ids: readonly string[]): Promise<(TaxiiApiRoot | null)[]>;
  getBySlug(slugs: readonly string[]): Promise<(TaxiiApiRoot | null)[]>;
  getDefault(): Promise<TaxiiApiRoot | null>;
  page(query: ApiRootQuery): Promise<Page<TaxiiApiRoot>>;
  /**
   * Null for each whose id or slug is taken, also by one before it in the call; of racing callers exactly one gets it.
   * None of them is the default: `makeDefault` makes one so.
   */
  insertMany(roots: readonly TaxiiApiRoot[]): Promise<(TaxiiApiRoot | null)[]>;
  /** The roots as they are, which nobody deletes until the unit of work ends. Any number of units may hold one. */
  hold(ids: readonly string[]): Promise<(TaxiiApiRoot | null)[]>;
  /** The roots as they are, exclusively until the unit of work ends: waits for those who hold them. */
  lock(ids: readonly string[]): Promise<(TaxiiApiRoot | null)[]>;
  /**
   * Locks likewise the root that is the default, and the choice of another until the unit of work ends. Asked for before
   * any root is locked.
   */
  lockDefault(): Promise<TaxiiApiRoot | null>;
  /**
   * Makes this root the default in place of any other, with `updatedAt` for both. Exactly one is left at every commit; of
   * racing units the last one decides, and none fails.
   */
  makeDefault(id: string, updatedAt: string): Promise<void>;
  /**
   * Writes slug, title, description, `isPublic`, `updatedAt`, and `isDefault` where it is false, of roots that the unit
   * has locked: they may swap slugs. Answers those whose slug is taken by another; when there are any, the unit of work
   * must be given up.
   */
  updateMany(roots: readonly TaxiiApiRoot[]): Promise<readonly TaxiiApiRoot[]>;
  /** Deletes roots. Their collections are removed before. */
  deleteMany(ids: readonly string[]): Promise<void>;
  /** All that there are, in the order of titles: roots are few, and the discovery tells all. */
  all(): Promise<TaxiiApiRoot[]>;
}

export const apiRootStore = definePort<ApiRootStore>('threat.apiRoots');

/** What rights on it are checked with. */
export const apiRootFacts = ({ id }: Pick<TaxiiApiRoot, 'id'>): Facts => ({ apiRoot: id });

export const apiRootGlobalId = (id: string): string => toGlobalId('TaxiiApiRoot', id);

/** Its URL below the gateway's own. */
export const apiRootPath = ({ slug, id }: Pick<TaxiiApiRoot, 'slug' | 'id'>): string => `/taxii2/${slug ?? id}/`;

/** The versions of TAXII that it speaks. */
export const taxiiVersions: readonly string[] = ['application/taxii+json;version=2.1'];
