import { definePort } from '#kernel/port.ts';

/** What the config says of this domain. Sizes are in bytes, durations in milliseconds. */
export interface ThreatSettings {
  /** The most of one request that adds objects or blocks. */
  readonly maxContentLength: number;
  /** Objects of a page of the protocol, unless it asks for another count. */
  readonly pageSize: number;
  /** The most objects of such a page: more is cut to it. */
  readonly maxPageSize: number;
  /** Where the bodies of a page end it, after one object at least. */
  readonly maxPageBytes: number;
  /** Objects of one transaction. */
  readonly ingestBatch: number;
  /** The most entries of each list of a status. */
  readonly statusDetailLimit: number;
  readonly stixValidation: 'basic' | 'full';
  /** Whether types and properties beyond the specification are taken. False only with `full`. */
  readonly allowCustom: boolean;
  /** What an object that is not valid does: fails by itself, or has its whole envelope refused. */
  readonly invalidObjects: 'collect' | 'refuse';
  /** Whether the same version with other content fails, instead of being ignored. */
  readonly rejectChangedContent: boolean;
  /** Whether inbox messages are kept as they came. */
  readonly saveRawInboxMessages: boolean;
  /** Whether full polls tell how many blocks there are. */
  readonly countBlocks: boolean;
  readonly retention: {
    /** Completed statuses. */
    readonly statuses: number;
    readonly resultSets: number;
    /** Null: for ever. */
    readonly contentBlocks: number | null;
    /** Versions of objects that a newer one has followed; null: for ever. */
    readonly supersededVersions: number | null;
    /** Null: for ever. */
    readonly inboxMessages: number | null;
    /** Subscriptions since they were ended; null: for ever. */
    readonly endedSubscriptions: number | null;
  };
}

export const threatSettings = definePort<ThreatSettings>('threat.settings');

/** What the discovery tells of this gateway, and to whom. */
export interface DiscoverySettings {
  readonly title: string;
  readonly description: string | null;
  readonly contact: string | null;
  /** Whether it is told without a credential. */
  readonly publicDiscovery: boolean;
}

/** Provided by whoever serves TAXII. */
export const discoverySettings = definePort<DiscoverySettings>('threat.discovery');
