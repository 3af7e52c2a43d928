import { allowSomewhere, visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { emptyPage } from '#kernel/page.ts';
import {
  type ImportNote,
  type InventoryImport,
  importStore,
  type NoteFilter,
} from '#resolvers/network/imports/inventory-import.ts';

/** The imports with these row ids that the viewer may see: his own, and with unscoped `network:admin` all. */
export async function findImports(ctx: Context, ids: readonly string[]): Promise<(InventoryImport | null)[]> {
  const found = await ctx.use(importStore).getMany(ids);
  const all = seesAll(ctx);
  return found.map((one) => (one && (all || isOwn(ctx, one)) ? one : null));
}

/** The imports that rejections name: whoever gets the error asked for the import, also without an account. */
export const findRejected = (ctx: Context, ids: readonly string[]): Promise<(InventoryImport | null)[]> =>
  ctx.use(importStore).getMany(ids);

/** Whether the viewer sees the imports of everybody. */
export const seesAll = (ctx: Context): boolean => visible(ctx, 'network:admin') === 'all';

const isOwn = (ctx: Context, { actor }: InventoryImport): boolean =>
  !ctx.viewer.mustChangePassword && actor.account !== null && actor.account === ctx.viewer.id;

/** The imports that the viewer may see, newest first. */
export async function listImports(ctx: Context, page: PageRequest): Promise<Page<InventoryImport>> {
  if (seesAll(ctx)) return ctx.use(importStore).page(null, page);
  allowSomewhere(ctx, 'network:read');
  return ctx.viewer.id === null ? emptyPage : ctx.use(importStore).page(ctx.viewer.id, page);
}

/** What is kept of the rows of an import: asked for many imports at once, it takes one read. */
export const listNotes = (
  ctx: Context,
  found: InventoryImport,
  filter: NoteFilter,
  page: PageRequest,
): Promise<Page<ImportNote>> => ctx.load(notePages, found.id, JSON.stringify({ filter, page }));

function notePages(ctx: Context, ids: readonly string[], variant: string): Promise<Page<ImportNote>[]> {
  const { filter, page } = JSON.parse(variant) as { filter: NoteFilter; page: PageRequest };
  return ctx.use(importStore).notes(ids, filter, page);
}
