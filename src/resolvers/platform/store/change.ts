import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { ConflictError, NotFoundError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { newEtag, requireEtag } from '#resolvers/platform/etag.ts';
import {
  chainOf,
  documentBody,
  documentId,
  documentPath,
  documentStore,
  parentOf,
  type StoreDocument,
} from '#resolvers/platform/store/document.ts';
import { documentDeleted, documentFacts, documentReplaced, tellDocument } from '#resolvers/platform/store/events.ts';
import type { SeenDocument } from '#resolvers/platform/store/find.ts';

const DocumentReplace = z.object({ path: documentPath, body: documentBody, etag: z.string().nullish() });

/** Sets the whole body of a document, and makes it where there is none. What lies above it must exist. */
export async function replaceDocument(
  ctx: Context,
  input: z.input<typeof DocumentReplace>,
): Promise<{ changed: boolean; storeDocument: SeenDocument }> {
  const { path, body, etag } = parse(DocumentReplace, input);
  allow(ctx, 'store:write', documentFacts(path));
  return ctx.atomically(async (ctx) => {
    const store = ctx.use(documentStore);
    await store.lock();
    const parent = parentOf(path);
    const [before = null, above = null] = await store.findMany(parent === null ? [path] : [path, parent]);
    if (parent !== null && !above) throw new NotFoundError('parent not found', ['path']);
    if (etag != null) requireCurrent(before, etag);
    const done = (kept: StoreDocument) => ({ id: kept.id, path, parents: chainOf(path), kept });
    if (before && isDeepStrictEqual(before.body, body)) return { changed: false, storeDocument: done(before) };
    const now = new Date(ctx.clock.now()).toISOString();
    const after = await store.put({
      id: documentId(path),
      path,
      body,
      etag: newEtag(),
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
    });
    tellDocument(ctx, documentReplaced, before, after);
    return { changed: true, storeDocument: done(after) };
  });
}

const DocumentDelete = z.object({
  path: documentPath,
  recursive: z.boolean().nullish(),
  etag: z.string().nullish(),
});

/** Deletes a document; with what lies below it only when that is said. Answers the paths that are gone, the last first. */
export async function deleteDocument(
  ctx: Context,
  input: z.input<typeof DocumentDelete>,
): Promise<{ removed: string[] }> {
  const { path, recursive, etag } = parse(DocumentDelete, input);
  allow(ctx, 'store:write', documentFacts(path));
  return ctx.atomically(async (ctx) => {
    const store = ctx.use(documentStore);
    await store.lock();
    const [document] = await store.findMany([path]);
    if (!document) throw new NotFoundError(`document ${path} not found`, ['path']);
    if (etag != null) requireEtag(document.etag, etag);
    const below = recursive ? 0 : await store.countBelow(path);
    if (below > 0) throw new ConflictError(`xpath has [${below}] children`, ['recursive']);
    const removed = await store.remove(path);
    for (const gone of removed) tellDocument(ctx, documentDeleted, gone, null);
    return { removed: removed.map((gone) => gone.path) };
  });
}

function requireCurrent(document: StoreDocument | null, etag: string): void {
  if (!document) throw new NotFoundError('document not found', ['path']);
  requireEtag(document.etag, etag);
}
