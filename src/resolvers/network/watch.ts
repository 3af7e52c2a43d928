import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { InputError, NotFoundError } from '#kernel/errors.ts';
import type { EventDefinition, StoredEvent } from '#kernel/event.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { rowIdOf, toGlobalId } from '#kernel/id.ts';
import { describeKey, parse } from '#kernel/input.ts';
import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import type { Attributes } from '#resolvers/network/attributes/check.ts';
import { fits, openSetQuery, type SetQuery } from '#resolvers/network/attributes/query.ts';
import { findNetwork } from '#resolvers/network/networks/find.ts';
import { networkKey } from '#resolvers/network/networks/input.ts';
import { networkCreated, networkDeleted, networkUpdated } from '#resolvers/network/networks/network.ts';
import { findSite, siteKey, unknownSite } from '#resolvers/network/sites/find.ts';

const watchInput = z.object({
  site: siteKey.nullish(),
  ids: z.array(z.string()).max(1000).nullish(),
  query: z.string('query must be a text.').nullish(),
});
export type Watch = z.input<typeof watchInput>;

// biome-ignore lint/suspicious/noExplicitAny: events of any data
type Events = readonly EventDefinition<any>[];

/** A noun that is watched. */
export interface Watched {
  /** In the graph. */
  readonly type: string;
  readonly events: Events;
  /** Null for what carries no attributes. */
  readonly resource: AttributeResource | null;
}

/**
 * The events of a noun, of one Site, of some things, or of what a set query had before or has after.
 * @throws InputError for a Site that the viewer may not read: its stream would stay silent for ever; and as set queries
 * do.
 */
export async function watch(ctx: Context, { type, events, resource }: Watched, input: Watch): Promise<FeedSelection> {
  const { site: key, ids, query: text } = parse(watchInput, input);
  const named = key ? await findSite(ctx, key) : null;
  if (key && !named) throw new InputError([unknownSite(key, ['site'])]);
  const query = text == null || !resource ? null : await openSetQuery(ctx, resource, text, named);
  const site = query?.siteId ? { id: query.siteId } : named;
  const inSite = (event: StoredEvent) => !site || hasFact(event, 'site', site.id);
  const inSet = (event: StoredEvent) => !query || snapshotsOf(event, type).some((snapshot) => has(query, snapshot));
  return {
    names: events.map((event) => event.name),
    ...(ids && { subjects: new Set(ids.flatMap((id) => globalId(type, id))) }),
    ...((site || query) && { matches: (event) => inSite(event) && inSet(event) }),
  };
}

/** What a thing was and is; of an event that was too large for both, the one that its data has. */
function snapshotsOf({ before, after, data, truncated }: StoredEvent, type: string): unknown[] {
  const noun = `${type[0]?.toLowerCase()}${type.slice(1)}`;
  return truncated ? [(data as Record<string, unknown>)[noun]] : [before, after];
}

const has = ({ terms }: SetQuery, snapshot: unknown): boolean =>
  snapshot !== null &&
  typeof snapshot === 'object' &&
  fits(terms, (snapshot as { readonly attributes?: Attributes }).attributes ?? {});

function globalId(type: string, text: string): string[] {
  const id = rowIdOf(type, text);
  return id === null ? [] : [toGlobalId(type, id)];
}

const treeInput = z.object({ site: siteKey.nullish(), root: networkKey });

/**
 * The events of a network and of everything inside it.
 * @throws NotFoundError for a network that the viewer may not read.
 */
export async function watchTree(ctx: Context, input: z.input<typeof treeInput>): Promise<FeedSelection> {
  const { site, root } = parse(treeInput, input);
  const network = await findNetwork(ctx, { site, by: root });
  if (!network) throw new NotFoundError(`Network not found: ${describeKey(root)}.`, ['root']);
  return {
    names: [networkCreated.name, networkUpdated.name, networkDeleted.name],
    matches: (event) => hasFact(event, 'network', network.id),
  };
}

/** An event names the thing and all that it lies in. */
function hasFact(event: StoredEvent, kind: string, value: string): boolean {
  const fact = event.scope[kind];
  return fact === value || (Array.isArray(fact) && fact.includes(value));
}
