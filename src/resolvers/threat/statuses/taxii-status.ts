import type { Page, PageRequest } from '#kernel/page.ts';
import type { Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';

export const statusStates = ['PENDING', 'COMPLETE'] as const;
export type StatusState = (typeof statusStates)[number];

export interface StatusCounts {
  readonly successCount: number;
  readonly failureCount: number;
  readonly pendingCount: number;
}

/** The outcome of one request to add objects. Its counts always sum to the total. */
export interface TaxiiStatus extends StatusCounts {
  /** Also the UUID on the wire. */
  readonly id: string;
  readonly apiRootId: string;
  /** Null when the collection is gone. */
  readonly collectionId: string | null;
  /** Row id of the account that sent the request; null for one without a credential, and for the gateway itself. */
  readonly owner: string | null;
  readonly state: StatusState;
  /** With six digits, as all instants here. */
  readonly requestTimestamp: string;
  /** When its request last did something. */
  readonly touchedAt: string;
  readonly completedAt: string | null;
  readonly totalCount: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const detailOutcomes = ['SUCCESS', 'FAILURE', 'PENDING'] as const;
export type DetailOutcome = (typeof detailOutcomes)[number];

/** What became of one object of a request. */
export interface StatusDetail {
  readonly stixId: string;
  readonly version: string;
  readonly message: string | null;
}

/** What a request did since its status was last written. */
export interface StatusProgress extends StatusCounts {
  readonly totalCount: number;
  readonly state: StatusState;
  readonly at: string;
  /** New details of those done with, in the order of the request. */
  readonly successes: readonly StatusDetail[];
  readonly failures: readonly StatusDetail[];
  /** All that wait, in place of those that were named before; undefined to leave them. */
  readonly pendings?: readonly StatusDetail[] | undefined;
}

export interface StatusFilter {
  readonly collectionId?: string | undefined;
  readonly state?: StatusState | undefined;
}

/** Which statuses a viewer sees: of API roots, his own, those of what he may write to, and those without an owner. */
export interface StatusVisibility {
  /** Row id of the account; null for an anonymous viewer. */
  readonly owner: string | null;
  /** By grants on the collection or its API root. */
  readonly written: Visibility;
  /** The API roots that he sees at all, by row id. */
  readonly apiRootIds: 'all' | readonly string[];
}

/** What this domain asks of the storage of statuses. */
export interface TaxiiStatusStore {
  getMany(ids: readonly string[]): Promise<(TaxiiStatus | null)[]>;
  /** Newest request first. */
  page(filter: StatusFilter, visibility: StatusVisibility, request: PageRequest): Promise<Page<TaxiiStatus>>;
  /** The same page of each API root, by its row id, in one read. */
  pagesOfRoots(
    apiRootIds: readonly string[],
    filter: StatusFilter,
    visibility: StatusVisibility,
    request: PageRequest,
  ): Promise<Page<TaxiiStatus>[]>;
  /**
   * The details of statuses with one outcome, by stixId, then in the order of the request, in one read. Null where not
   * each one was kept: who is shown a list is shown all of it.
   */
  details(
    statusIds: readonly string[],
    outcome: DetailOutcome,
    request: PageRequest,
  ): Promise<(Page<StatusDetail> | null)[]>;
  /** Keeps a new status without details. */
  insert(status: TaxiiStatus): Promise<void>;
  /**
   * Brings a status to where its request is, in the unit of work; a complete one has no pending details.
   * @returns null when it is not PENDING any more: somebody took the request for dead, and it must not go on.
   */
  advance(id: string, progress: StatusProgress): Promise<TaxiiStatus | null>;
  /**
   * Says of a PENDING status that its request goes on; nothing to others.
   */
  touch(id: string, at: string): Promise<void>;
  /**
   * Completes PENDING statuses that were not touched since an instant: what was not done counts as failure. Each is given
   * to exactly one caller.
   * @returns them as they are now.
   */
  takeStale(since: string, at: string, limit: number): Promise<TaxiiStatus[]>;
  /** Deletes statuses that were complete before an instant, the oldest first. @returns how many. */
  deleteCompleted(before: string, limit: number): Promise<number>;
  /** How many there are of those. */
  countCompleted(before: string): Promise<number>;
  /** API roots and collections are about to be deleted: the statuses of the roots go, those of the collections stay. */
  forgetRooms(rooms: {
    readonly apiRootIds: readonly string[];
    readonly collectionIds: readonly string[];
  }): Promise<void>;
}

export const taxiiStatusStore = definePort<TaxiiStatusStore>('threat.statuses');
