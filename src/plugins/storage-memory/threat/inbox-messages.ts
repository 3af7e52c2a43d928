import type { Page } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { isVisible, pageOfRows, type RowKey } from '#plugins/storage-memory/page.ts';
import { messagesWithBlocks } from '#plugins/storage-memory/threat/content-blocks.ts';
import type { InboxMessage, InboxMessageQuery, InboxMessageStore } from '#resolvers/threat/inbox/inbox-message.ts';

const messages = defineTable<InboxMessage>('inboxMessage');
const raws = defineTable<Uint8Array>('inboxMessageRaw');

const keys: readonly RowKey<InboxMessage>[] = [{ type: 'uuid', value: ({ id }) => id }];

export class MemoryInboxMessages implements InboxMessageStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  getMany(ids: readonly string[]): Promise<(InboxMessage | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(messages).get(id.toLowerCase()) ?? null));
  }

  raws(ids: readonly string[]): Promise<(Uint8Array | null)[]> {
    return this.#session.run((tables) => ids.map((id) => tables(raws).get(id.toLowerCase()) ?? null));
  }

  page({ service, visibility, page }: InboxMessageQuery): Promise<Page<InboxMessage>> {
    return this.#session.run((tables) => {
      const rows = [...tables(messages).values()].filter(
        (message) =>
          (service === null || message.service === service) &&
          isVisible(
            visibility,
            ({ kind, value }) => kind === 'collection' && message.collectionTaxiiIds.includes(value),
          ),
      );
      return pageOfRows(rows, keys, page);
    });
  }

  insert(message: InboxMessage, raw: Uint8Array | null): Promise<void> {
    return this.#session.run((tables) => {
      tables(messages).set(message.id, message);
      if (raw) tables(raws).set(message.id, Uint8Array.from(raw));
    });
  }

  cameBefore(instant: string, limit: number): Promise<string[]> {
    return this.#session.run((tables) =>
      oldest(tables, instant)
        .slice(0, limit)
        .map(({ id }) => id),
    );
  }

  countCameBefore(instant: string): Promise<number> {
    return this.#session.run((tables) => oldest(tables, instant).length);
  }

  deleteMany(ids: readonly string[]): Promise<void> {
    return this.#session.run((tables) => {
      for (const id of ids) remove(tables, id);
    });
  }

  deleteEmptied(ids: readonly string[]): Promise<number> {
    return this.#session.run((tables) => {
      const remaining = messagesWithBlocks(tables);
      const emptied = ids.filter((id) => tables(messages).has(id) && !remaining.has(id));
      for (const id of emptied) remove(tables, id);
      return emptied.length;
    });
  }
}

const oldest = (tables: Tables, instant: string): InboxMessage[] =>
  [...tables(messages).values()]
    .filter(({ createdAt }) => createdAt < instant)
    .sort((one, other) => (`${one.createdAt}${one.id}` < `${other.createdAt}${other.id}` ? -1 : 1));

function remove(tables: Tables, id: string): void {
  tables(messages).delete(id);
  tables(raws).delete(id);
}
