import { toGlobalId } from '#kernel/id.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';
import type { ContentBinding, WantedContent } from '#resolvers/threat/content-blocks/binding.ts';

/** A piece of content that data collections hold. It never changes. */
export interface ContentBlock {
  readonly id: string;
  /** The time by which a feed is polled. ISO 8601 in UTC with microseconds, as all instants of this domain. */
  readonly timestampLabel: string;
  /** With one subtype at most; null where its producer named none. */
  readonly contentBinding: ContentBinding | null;
  /** Text that is legal in XML 1.0. */
  readonly content: string;
  /** Whether the content is an XML fragment that stands alone, and not text. */
  readonly contentIsXml: boolean;
  readonly message: string | null;
  /** Row id of the message it came with, which may be gone. */
  readonly inboxMessageId: string | null;
  readonly createdAt: string;
}

/** A place in the order of a data collection: labels, then row ids. */
export interface BlockPlace {
  readonly timestampLabel: string;
  readonly id: string;
}

/** Some blocks of one data collection. */
export interface BlockWindow {
  /** Row id. */
  readonly dataCollectionId: string;
  /** Only labels after this one, not at it. */
  readonly begin: string | null;
  /** Only labels up to this one. */
  readonly end: string | null;
  readonly wanted: WantedContent;
}

/** Blocks of a window, in order. */
export interface BlockSlice {
  readonly blocks: readonly ContentBlock[];
  /** Whether the window holds a further block. */
  readonly more: boolean;
}

/** Where portions end. */
export interface PortionEnds {
  /** The place of the last block of each, in order; the last portion of a window may be smaller than the others. */
  readonly ends: readonly BlockPlace[];
  /** Whether the window holds further blocks after the last of them. */
  readonly more: boolean;
}

/** How much a portion holds: so many blocks, and contents up to so many bytes, but one block at least. */
export interface Portion {
  readonly count: number;
  readonly bytes: number;
}

/** A block that was taken out of data collections. */
export interface DetachedBlock extends BlockPlace {
  readonly contentBinding: ContentBinding | null;
  readonly inboxMessageId: string | null;
  /** Row ids of the data collections that it was taken out of. */
  readonly dataCollectionIds: readonly string[];
  /** Whether it is gone, since none holds it any more. */
  readonly deleted: boolean;
}

/** The blocks of a data collection by label, or those of an inbox message in its order. */
export type BlockScope =
  | { readonly kind: 'dataCollection'; readonly window: BlockWindow }
  | {
      readonly kind: 'inboxMessage';
      /** Row id. */
      readonly id: string;
      /** Row ids: only blocks that one of these data collections holds; null: all. */
      readonly heldBy: readonly string[] | null;
    };

/**
 * What this domain asks of the storage of content blocks. Who adds or detaches has locked the data collections, and
 * keeps their volumes.
 */
export interface ContentBlockStore {
  /** Keeps blocks, each in one data collection at least. Labels and ids are the caller's. */
  add(
    blocks: readonly { readonly block: ContentBlock; readonly dataCollectionIds: readonly string[] }[],
  ): Promise<void>;
  getMany(ids: readonly string[]): Promise<(ContentBlock | null)[]>;
  /** Row ids of the data collections that hold each block, in one read. */
  holdersOf(ids: readonly string[]): Promise<(readonly string[])[]>;
  /** The newest committed label of each data collection, and of what the unit wrote; null for an empty one. One read. */
  newestLabels(dataCollectionIds: readonly string[]): Promise<(string | null)[]>;
  /**
   * The first portion of a window after a place. The cost does not depend on where the place lies.
   * @returns NOT_READY where the storage needs minutes to answer.
   */
  read(window: BlockWindow, after: BlockPlace | null, portion: Portion): Promise<BlockSlice | 'NOT_READY'>;
  /** All blocks of a window after a place up to another one: what was a portion when its end was kept. */
  readUpTo(window: BlockWindow, after: BlockPlace | null, last: BlockPlace): Promise<BlockSlice | 'NOT_READY'>;
  /** The ends of the first portions of a window after a place, `most` of them at most, without the blocks themselves. */
  walk(
    window: BlockWindow,
    after: BlockPlace | null,
    portion: Portion,
    most: number,
  ): Promise<PortionEnds | 'NOT_READY'>;
  /** How many blocks a window holds; counts no further than the cap. */
  count(window: BlockWindow, cap: number): Promise<number>;
  /**
   * One page for each scope, in one read for scopes of one kind. Positions are `[timestampLabel, id]` in a data
   * collection, `[id]` in a message. A page ends before its contents exceed so many bytes, but holds one block at least.
   */
  pages(scopes: readonly BlockScope[], request: PageRequest, bytes: number): Promise<Page<ContentBlock>[]>;
  /** Takes some blocks of a window out of its data collection, the oldest labels first, and deletes those none holds. */
  detach(window: Omit<BlockWindow, 'wanted'>, limit: number): Promise<DetachedBlock[]>;
  /** The blocks that were kept before an instant, the oldest first, with what holds them now. */
  keptBefore(
    instant: string,
    limit: number,
  ): Promise<{ readonly id: string; readonly dataCollectionIds: readonly string[] }[]>;
  countKeptBefore(instant: string): Promise<number>;
  /** Takes blocks out of all data collections and deletes them. */
  deleteMany(ids: readonly string[]): Promise<DetachedBlock[]>;
}

export const contentBlockStore = definePort<ContentBlockStore>('threat.contentBlocks');

export const contentBlockGlobalId = (id: string): string => toGlobalId('ContentBlock', id);
