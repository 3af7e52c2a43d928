import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent, type EventDefinition } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { chainOf, type StoreDocument } from '#resolvers/platform/store/document.ts';

const DocumentData = z.object({ path: z.string() });

const options = {
  subject: 'StoreDocument',
  seenWith: 'store:read',
  retain: 'AUDIT',
  hookData: ({ data, before, after }: { data: unknown; before: unknown; after: unknown }) => ({
    ...(data as object),
    body: after ?? before,
  }),
} as const;

export const documentReplaced = defineEvent('platform.storeDocument.replaced', DocumentData, {
  ...options,
  description: 'A document was made, or got another body; the bodies are in `before` and `after`.',
});
export const documentDeleted = defineEvent('platform.storeDocument.deleted', DocumentData, {
  ...options,
  description: 'A document was deleted; its body is in `before`.',
});

export const documentEvents = [documentReplaced, documentDeleted] as const;

/** Appends an event about a document. It is judged by its path and all above it. */
export function tellDocument(
  ctx: Context,
  event: EventDefinition<z.output<typeof DocumentData>>,
  before: StoreDocument | null,
  after: StoreDocument | null,
): void {
  const { id, path } = after ?? before ?? { id: '', path: '' };
  ctx.events.append(
    event,
    { path },
    {
      subject: toGlobalId('StoreDocument', id),
      scope: documentFacts(path),
      ...(before && { before: before.body }),
      ...(after && { after: after.body }),
    },
  );
}

/** The path itself first, then what lies above it. */
export const documentFacts = (path: string) => ({ path: chainOf(path).reverse() });
