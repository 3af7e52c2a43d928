import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { InputError, NotFoundError } from '#kernel/errors.ts';
import type { EventDefinition, StoredEvent } from '#kernel/event.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { toGlobalId } from '#kernel/id.ts';
import { parse } from '#kernel/input.ts';
import { describeKey, rowIdOf } from '#resolvers/network/keys.ts';
import { findNetwork } from '#resolvers/network/networks/find.ts';
import { networkKey } from '#resolvers/network/networks/input.ts';
import { networkCreated, networkDeleted, networkUpdated } from '#resolvers/network/networks/network.ts';
import { findSite, siteKey, unknownSite } from '#resolvers/network/sites/find.ts';

const watchInput = z.object({ site: siteKey.nullish(), ids: z.array(z.string()).max(1000).nullish() });
export type Watch = z.input<typeof watchInput>;

// biome-ignore lint/suspicious/noExplicitAny: events of any data
type Events = readonly EventDefinition<any>[];

/**
 * The events of a noun, of one Site or of some things only.
 * @throws InputError for a Site that the viewer may not read: its stream would stay silent for ever.
 */
export async function watch(ctx: Context, type: string, events: Events, input: Watch): Promise<FeedSelection> {
  const { site: key, ids } = parse(watchInput, input);
  const site = key ? await findSite(ctx, key) : null;
  if (key && !site) throw new InputError([unknownSite(key, ['site'])]);
  return {
    names: events.map((event) => event.name),
    ...(ids && { subjects: new Set(ids.flatMap((id) => globalId(type, id))) }),
    ...(site && { matches: (event) => hasFact(event, 'site', site.id) }),
  };
}

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
