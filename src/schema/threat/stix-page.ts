import type { Context } from '#kernel/context.ts';
import { notACursor, type Position } from '#kernel/page.ts';
import { type StixVersion, stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import type { Builder } from '#schema/builder.ts';

/** Cursors of lists of versions are those of the wire. */
export const stixCursors = {
  write: (_: StixVersion, position: Position, ctx: Context): string => ctx.use(stixObjectStore).encodeCursor(position),
  read(text: string, path: string, ctx: Context): Position {
    const position = ctx.use(stixObjectStore).decodeCursor(text);
    if (!position) throw notACursor(path);
    return position;
  },
};

/** The bounds of a page, as the headers of TAXII tell them. */
export const datedPage = {
  type: 'StixPageInfo',
  more(nodes: readonly StixVersion[]): object {
    const dates = nodes.map(({ dateAdded }) => dateAdded).sort();
    return { firstDateAdded: dates[0] ?? null, lastDateAdded: dates.at(-1) ?? null };
  },
};

interface StixPageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
  readonly firstDateAdded: string | null;
  readonly lastDateAdded: string | null;
}

export function stixPages(builder: Builder): void {
  builder.objectRef<StixPageInfo>(datedPage.type).implement({
    description: 'Where a page of versions lies in its list, and when what is in it was added.',
    fields: (t) => ({
      hasNextPage: t.exposeBoolean('hasNextPage', { description: 'Whether more follows.' }),
      hasPreviousPage: t.exposeBoolean('hasPreviousPage', { description: 'Whether something comes before.' }),
      startCursor: t.exposeString('startCursor', {
        nullable: true,
        description: 'The place of the first item; null for an empty page.',
      }),
      endCursor: t.exposeString('endCursor', {
        nullable: true,
        description: 'The place of the last item, the `next` of TAXII; null for an empty page.',
      }),
      firstDateAdded: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'The earliest date added in the page; null for an empty one.',
        resolve: (page) => page.firstDateAdded,
      }),
      lastDateAdded: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'The latest date added in the page; null for an empty one.',
        resolve: (page) => page.lastDateAdded,
      }),
    }),
  });
}
