import { type Page, type PageRequest, type Position, pageOf } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import { isWanted } from '#resolvers/threat/content-blocks/binding.ts';
import type {
  BlockPlace,
  BlockScope,
  BlockSlice,
  BlockWindow,
  ContentBlock,
  ContentBlockStore,
  DetachedBlock,
  Portion,
  PortionEnds,
} from '#resolvers/threat/content-blocks/content-block.ts';

const blocks = defineTable<ContentBlock>('contentBlock');
/** Row ids of the data collections that hold a block. */
const attachments = defineTable<readonly string[]>('contentBlockAttachment');

/** Whether blocks of these messages remain. */
export const messagesWithBlocks = (tables: Tables): Set<string | null> =>
  new Set([...tables(blocks).values()].map(({ inboxMessageId }) => inboxMessageId));

const byLabel: readonly RowKey<ContentBlock>[] = [
  { type: 'instant', value: ({ timestampLabel }) => timestampLabel },
  { type: 'uuid', value: ({ id }) => id },
];
const byId: readonly RowKey<ContentBlock>[] = [{ type: 'uuid', value: ({ id }) => id }];

/** Units that write come one after another, so a lock has nothing to do. */
export class MemoryContentBlocks implements ContentBlockStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  add(added: Parameters<ContentBlockStore['add']>[0]): Promise<void> {
    return this.#session.run((tables) => {
      for (const { block, dataCollectionIds } of added) {
        tables(blocks).set(block.id, block);
        tables(attachments).set(block.id, [...new Set(dataCollectionIds)].sort());
      }
    });
  }

  getMany(ids: readonly string[]): Promise<(ContentBlock | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(blocks).get(id.toLowerCase()) ?? null));
  }

  holdersOf(ids: readonly string[]): Promise<(readonly string[])[]> {
    return this.#session.run((tables) => ids.map((id) => tables(attachments).get(id.toLowerCase()) ?? []));
  }

  newestLabels(dataCollectionIds: readonly string[]): Promise<(string | null)[]> {
    return this.#session.run((tables) =>
      dataCollectionIds.map((id) => inOrder(heldBy(tables, id.toLowerCase())).at(-1)?.timestampLabel ?? null),
    );
  }

  read(window: BlockWindow, after: BlockPlace | null, portion: Portion): Promise<BlockSlice> {
    return this.#session.run((tables) => {
      const found = within(tables, window, after);
      const kept = firstPortion(found, portion);
      return { blocks: kept, more: found.length > kept.length };
    });
  }

  readUpTo(window: BlockWindow, after: BlockPlace | null, last: BlockPlace): Promise<BlockSlice> {
    return this.#session.run((tables) => {
      const kept = within(tables, window, after).filter((block) => !isBeyond(block, last));
      return { blocks: kept, more: within(tables, window, last).length > 0 };
    });
  }

  walk(window: BlockWindow, after: BlockPlace | null, portion: Portion, most: number): Promise<PortionEnds> {
    return this.#session.run((tables) => {
      const ends: BlockPlace[] = [];
      let left = within(tables, window, after);
      while (left.length > 0 && ends.length < most) {
        const kept = firstPortion(left, portion);
        const { timestampLabel, id } = kept.at(-1) as ContentBlock;
        ends.push({ timestampLabel, id });
        left = left.slice(kept.length);
      }
      return { ends, more: left.length > 0 };
    });
  }

  count(window: BlockWindow, cap: number): Promise<number> {
    return this.#session.run((tables) => Math.min(within(tables, window, null).length, cap));
  }

  pages(scopes: readonly BlockScope[], request: PageRequest, bytes: number): Promise<Page<ContentBlock>[]> {
    return this.#session.run((tables) =>
      scopes.map((scope) => {
        const keys = scope.kind === 'dataCollection' ? byLabel : byId;
        return lightened(pageOfRows(inScope(tables, scope), keys, request), request, bytes, (block) =>
          keys.map((key) => key.value(block)),
        );
      }),
    );
  }

  detach(window: Omit<BlockWindow, 'wanted'>, limit: number): Promise<DetachedBlock[]> {
    return this.#session.run((tables) =>
      within(tables, { ...window, wanted: 'ALL' }, null)
        .slice(0, limit)
        .map((block) => {
          const left = (tables(attachments).get(block.id) ?? []).filter((id) => id !== window.dataCollectionId);
          tables(attachments).set(block.id, left);
          if (left.length === 0) remove(tables, block.id);
          return toDetached(block, [window.dataCollectionId], left.length === 0);
        }),
    );
  }

  keptBefore(instant: string, limit: number) {
    return this.#session.run((tables) =>
      oldest(tables, instant)
        .slice(0, limit)
        .map(({ id }) => ({ id, dataCollectionIds: tables(attachments).get(id) ?? [] })),
    );
  }

  countKeptBefore(instant: string): Promise<number> {
    return this.#session.run((tables) => oldest(tables, instant).length);
  }

  deleteMany(ids: readonly string[]): Promise<DetachedBlock[]> {
    return this.#session.run((tables) =>
      inOrder(ids.flatMap((id) => tables(blocks).get(id.toLowerCase()) ?? [])).map((block) => {
        const holders = tables(attachments).get(block.id) ?? [];
        remove(tables, block.id);
        return toDetached(block, holders, true);
      }),
    );
  }
}

const heldBy = (tables: Tables, dataCollectionId: string): ContentBlock[] =>
  [...tables(blocks).values()].filter(({ id }) => tables(attachments).get(id)?.includes(dataCollectionId));

const placeOf = ({ timestampLabel, id }: BlockPlace): string => `${timestampLabel}${id}`;
const isBeyond = (one: BlockPlace, other: BlockPlace): boolean => placeOf(one) > placeOf(other);

const inOrder = (list: readonly ContentBlock[]): ContentBlock[] =>
  list.toSorted((one, other) => (isBeyond(one, other) ? 1 : -1));

function within(tables: Tables, window: BlockWindow, after: BlockPlace | null): ContentBlock[] {
  const { dataCollectionId, begin, end, wanted } = window;
  return inOrder(
    heldBy(tables, dataCollectionId).filter(
      (block) =>
        (begin === null || block.timestampLabel > begin) &&
        (end === null || block.timestampLabel <= end) &&
        (after === null || isBeyond(block, after)) &&
        isWanted(wanted, block.contentBinding),
    ),
  );
}

function inScope(tables: Tables, scope: BlockScope): ContentBlock[] {
  if (scope.kind === 'dataCollection') return within(tables, scope.window, null);
  const isHeld = ({ id }: ContentBlock): boolean =>
    scope.heldBy === null || (tables(attachments).get(id) ?? []).some((holder) => scope.heldBy?.includes(holder));
  return [...tables(blocks).values()].filter((block) => block.inboxMessageId === scope.id && isHeld(block));
}

const bytesOf = ({ content }: ContentBlock): number => Buffer.byteLength(content);

function firstPortion(list: readonly ContentBlock[], { count, bytes }: Portion): ContentBlock[] {
  let sum = 0;
  return list.slice(0, count).filter((block, index) => {
    sum += bytesOf(block);
    return index === 0 || sum <= bytes;
  });
}

/** A page without what makes it heavier than so many bytes. */
function lightened(
  page: Page<ContentBlock>,
  request: PageRequest,
  bytes: number,
  position: (block: ContentBlock) => Position,
): Page<ContentBlock> {
  const forward = request.direction === 'forward';
  const found = page.items.map(({ node }) => node);
  const fetched = forward ? found : found.toReversed();
  const kept = firstPortion(fetched, { count: fetched.length, bytes });
  const more = kept.length < fetched.length || (forward ? page.hasNextPage : page.hasPreviousPage);
  return pageOf(request, kept, more, position, page.count);
}

const oldest = (tables: Tables, instant: string): ContentBlock[] =>
  [...tables(blocks).values()]
    .filter(({ createdAt }) => createdAt < instant)
    .sort((one, other) => (`${one.createdAt}${one.id}` < `${other.createdAt}${other.id}` ? -1 : 1));

function remove(tables: Tables, id: string): void {
  tables(blocks).delete(id);
  tables(attachments).delete(id);
}

const toDetached = (
  { id, timestampLabel, contentBinding, inboxMessageId }: ContentBlock,
  dataCollectionIds: readonly string[],
  deleted: boolean,
): DetachedBlock => ({ id, timestampLabel, contentBinding, inboxMessageId, dataCollectionIds, deleted });
