import { z } from 'zod';
import { allow, visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { toGlobalId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import type { JsonObject } from '#kernel/json.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { requireAccount } from '#resolvers/platform/rights/self.ts';
import {
  chainOf,
  documentId,
  documentPath,
  documentStore,
  isWithin,
  type StoreDocument,
  storeRules,
} from '#resolvers/platform/store/document.ts';
import { documentEvents, documentFacts } from '#resolvers/platform/store/events.ts';

/** A document as somebody looks at it. */
export interface SeenDocument {
  readonly id: string;
  readonly path: string;
  /** The paths from the root to what was looked for; what does not exist among them says nothing. */
  readonly parents: readonly string[];
  /** Null for a root that nobody has made yet. */
  readonly kept: StoreDocument | null;
}

const seen = (kept: StoreDocument, parents = chainOf(kept.path)): SeenDocument => ({
  id: kept.id,
  path: kept.path,
  parents,
  kept,
});

const DocumentKey = z.object({ path: documentPath.nullish().transform((path) => path ?? '/') });

/** The document at a path; null when there is none. */
export async function findDocument(ctx: Context, input: z.input<typeof DocumentKey>): Promise<SeenDocument | null> {
  const { path } = parse(DocumentKey, input);
  allow(ctx, 'store:read', documentFacts(path));
  const kept = await ctx.load(documentsByPath, path);
  return kept && seen(kept);
}

/** The documents with these ids that the viewer may see, null for the others. */
export async function findDocuments(ctx: Context, ids: readonly string[]): Promise<(SeenDocument | null)[]> {
  const { rights, mustChangePassword } = ctx.viewer;
  const documents = await ctx.use(documentStore).getMany(ids);
  return documents.map((kept) => {
    if (!kept || mustChangePassword || !rights.covers('store:read', documentFacts(kept.path))) return null;
    return seen(kept);
  });
}

/**
 * Where a viewer is at home: the deepest document on the way to the first path, in the order of code points, that a
 * permission of his to read names; the root where none does. It needs no right.
 */
export async function findHome(ctx: Context): Promise<SeenDocument> {
  requireAccount(ctx);
  const [home = '/'] = ctx.viewer.rights.texts
    .filter((text) => text.startsWith(named))
    .map((t) => t.slice(at))
    .sort();
  const parents = chainOf(home);
  const found = await Promise.all(parents.map((path) => ctx.load(documentsByPath, path)));
  const deepest = found.findLast((kept) => kept !== null);
  return deepest ? seen(deepest, parents) : { id: documentId('/'), path: '/', parents, kept: null };
}

const named = 'store:read@/';
const at = named.length - 1;

/** What a document says itself and what it has from above. */
export interface Bodies {
  readonly own: JsonObject;
  /** The configured default, then the root down to the parent: of one key, the last that says it. */
  readonly inherited: JsonObject;
  readonly effective: JsonObject;
}

export async function bodiesOf(ctx: Context, { path, kept }: SeenDocument): Promise<Bodies> {
  const above = await Promise.all(
    chainOf(path)
      .slice(0, -1)
      .map((parent) => ctx.load(documentsByPath, parent)),
  );
  const own = kept?.body ?? {};
  const inherited = merged([ctx.use(storeRules).default, ...above.map((document) => document?.body ?? {})]);
  return { own, inherited, effective: merged([inherited, own]) };
}

/** Key by key, the later over the earlier, a null as well. */
const merged = (bodies: readonly JsonObject[]): JsonObject => Object.assign({}, ...bodies);

const documentsByPath = (ctx: Context, paths: readonly string[]): Promise<(StoreDocument | null)[]> =>
  ctx.use(documentStore).findMany(paths);

/** The documents right below one that the viewer may see, by path. */
export async function listChildren(
  ctx: Context,
  document: SeenDocument,
  request: PageRequest,
): Promise<Page<SeenDocument>> {
  const page = await ctx.use(documentStore).children(document.path, visible(ctx, 'store:read'), request);
  return { ...page, items: page.items.map(({ node, position }) => ({ node: seen(node), position })) };
}

/** What happens to the document at a path and to those below it. */
export async function watchDocuments(_ctx: Context, input: z.input<typeof DocumentKey>): Promise<FeedSelection> {
  const { path } = parse(DocumentKey, input);
  return {
    names: documentEvents.map(({ name }) => name),
    matches: ({ data }) => isWithin((data as { readonly path: string }).path, path),
  };
}

export const documentGlobalId = ({ id }: { readonly id: string }): string => toGlobalId('StoreDocument', id);
