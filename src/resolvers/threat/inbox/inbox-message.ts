import { toGlobalId } from '#kernel/id.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import type { Facts, Visibility } from '#kernel/permission.ts';
import { definePort } from '#kernel/port.ts';

/** What a message says of the poll or the subscription that its content comes from. */
export interface InboxSource {
  readonly collectionName: string | null;
  readonly subscriptionId: string | null;
  readonly begin: string | null;
  /** True for TAXII 1.0, whose windows begin at their first label and not after it. */
  readonly beginInclusive: boolean;
  readonly end: string | null;
}

/** One push of blocks, as it came. */
export interface InboxMessage {
  readonly id: string;
  /** The service id of the inbox, which may be gone. */
  readonly service: string;
  /** The sender's own id of it. */
  readonly messageId: string;
  /** How many blocks it had, kept or not. */
  readonly contentBlockCount: number;
  readonly storedBlockCount: number;
  /** The names of data collections that it named. */
  readonly destinationCollections: readonly string[];
  /** TAXII ids of the data collections that it was for, named or not: what rights on it are checked with. */
  readonly collectionTaxiiIds: readonly string[];
  readonly resultId: string | null;
  readonly recordCount: number | null;
  readonly partialCount: boolean;
  readonly source: InboxSource | null;
  /** Whether the bytes it came in were kept. */
  readonly hasRaw: boolean;
  /** When it came. ISO 8601 in UTC with microseconds. */
  readonly createdAt: string;
}

/** A list in the order in which they came; positions are `[id]`. */
export interface InboxMessageQuery {
  /** Only of this inbox, by its service id. */
  readonly service: string | null;
  readonly visibility: Visibility;
  readonly page: PageRequest;
}

/** What this domain asks of the storage of inbox messages. */
export interface InboxMessageStore {
  getMany(ids: readonly string[]): Promise<(InboxMessage | null)[]>;
  /** The bytes each came in; null where they were not kept. */
  raws(ids: readonly string[]): Promise<(Uint8Array | null)[]>;
  page(query: InboxMessageQuery): Promise<Page<InboxMessage>>;
  insert(message: InboxMessage, raw: Uint8Array | null): Promise<void>;
  /** The ids of those that came before an instant, the oldest first. */
  cameBefore(instant: string, limit: number): Promise<string[]>;
  countCameBefore(instant: string): Promise<number>;
  deleteMany(ids: readonly string[]): Promise<void>;
  /** Deletes those of these none of whose blocks remain. @returns how many. */
  deleteEmptied(ids: readonly string[]): Promise<number>;
}

export const inboxMessageStore = definePort<InboxMessageStore>('threat.inboxMessages');

/** What rights on it are checked with: a grant on one of its data collections is enough. */
export const inboxMessageFacts = ({ collectionTaxiiIds }: Pick<InboxMessage, 'collectionTaxiiIds'>): Facts => ({
  collection: collectionTaxiiIds,
});

export const inboxMessageGlobalId = (id: string): string => toGlobalId('InboxMessage', id);
