import { STATUS_CODES } from 'node:http';
import type { Context } from '#kernel/context.ts';
import type { Page } from '#kernel/page.ts';
import { taxiiMediaType } from '#plugins/taxii/taxii2/media-types.ts';
import { type StixVersion, stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';

/** An answer that is one resource; without one its body is empty. */
export function answer(status: number, resource?: object, headers: Readonly<Record<string, string>> = {}): Response {
  const text = resource === undefined ? '' : JSON.stringify(resource);
  return new Response(text, {
    status,
    statusText: STATUS_CODES[status] ?? '',
    headers: {
      'content-type': taxiiMediaType,
      'content-length': String(Buffer.byteLength(text)),
      'cache-control': 'no-store',
      ...headers,
    },
  });
}

/**
 * A page of versions, with the dates between which they were added. An empty one is an empty resource.
 * @param key under which the page lists them.
 */
export function pageAnswer<Row extends StixVersion>(
  ctx: Context,
  page: Page<Row>,
  key: 'objects' | 'versions',
  show: (row: Row) => unknown,
): Response {
  const first = page.items[0];
  const last = page.items.at(-1);
  if (!first || !last) return answer(200, {});
  const more = page.hasNextPage;
  const next = more ? ctx.use(stixObjectStore).encodeCursor(last.position) : null;
  return answer(
    200,
    { more, ...(next !== null && { next }), [key]: page.items.map(({ node }) => show(node)) },
    { 'x-taxii-date-added-first': first.node.dateAdded, 'x-taxii-date-added-last': last.node.dateAdded },
  );
}
