import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { factsIn, mayRead, refusal } from '#resolvers/network/access.ts';
import { noAttributes } from '#resolvers/network/attributes/check.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { insertDevices } from '#resolvers/network/devices/create.ts';
import { type Device, deviceFacts, deviceStore } from '#resolvers/network/devices/device.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import { appendDeviceUpdated } from '#resolvers/network/devices/update.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import {
  alreadyThere,
  created,
  Overtaken,
  onExisting,
  type Pass,
  type Verdicts,
} from '#resolvers/network/imports/pass.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import { type FoundSite, unknown } from '#resolvers/network/imports/settle-sites.ts';
import type { DeviceWish } from '#resolvers/network/imports/wish.ts';
import { siteFacts } from '#resolvers/network/sites/site.ts';

/** An item whose Site is known, with the device that it asks for where there is one. */
interface Located {
  readonly item: Item<DeviceWish>;
  readonly siteId: string;
  readonly device: Device | null;
}

export async function settleDevices(
  pass: Pass,
  items: readonly Item<DeviceWish>[],
  findSite: (name: string) => FoundSite,
): Promise<Verdicts> {
  const verdicts = new Map<Item, Verdict>();
  const located = items.flatMap((item) => {
    const site = findSite(item.wish.site);
    const refused = item.contradiction ?? ('id' in site ? null : site);
    if (refused) verdicts.set(item, refused);
    return 'id' in site && !refused ? [{ item, siteId: site.id }] : [];
  });
  const present = await findDevices(pass, located);
  for (const one of present) verdicts.set(one.item, verdictOf(pass, one));
  if (!pass.writes) return verdicts;
  const having = (outcome: Verdict['outcome']) => present.filter(({ item }) => verdicts.get(item)?.outcome === outcome);
  const fresh = having('CREATED');
  const made = await insertDevices(
    pass.ctx,
    fresh.map(({ item, siteId }) => ({ siteId, hostname: item.wish.hostname, attributes: noAttributes })),
  );
  fresh.forEach(({ item, device }, index) => {
    if (made[index]) return;
    // One that the viewer may not see is in the way, and another look would find it again.
    if (!device) throw new Overtaken(item.wish.hostname);
    verdicts.set(item, failed(alreadyThere(item, item.wish.hostname)));
  });
  await rename(pass.ctx, having('UPDATED'));
  return verdicts;
}

/** What there is of the devices, locked where the pass may change them. */
async function findDevices(
  { ctx, writes }: Pass,
  located: readonly { readonly item: Item<DeviceWish>; readonly siteId: string }[],
): Promise<Located[]> {
  if (located.length === 0) return [];
  const store = ctx.use(deviceStore);
  const matches = await store.match(
    located.map(({ item, siteId }) => ({ siteId, key: item.wish.hostname })),
    'all',
  );
  const found = located.map((one, index) => ({ ...one, device: matches[index]?.[0] ?? null }));
  const differing = new Set(found.flatMap(({ item, device }) => (device && differs(item, device) ? device.id : [])));
  if (!writes || differing.size === 0) return found;
  const locked = new Map((await store.lock([...differing])).map((device) => [device?.id, device]));
  return found.map((one) => {
    if (!one.device || !differing.has(one.device.id)) return one;
    const device = locked.get(one.device.id) ?? null;
    // Somebody may have given it another name since it was found.
    const same = device && foldHostname(device.hostname) === foldHostname(one.item.wish.hostname);
    return { ...one, device: same ? device : null };
  });
}

/** Hostnames that are one name may be written in two ways. */
const differs = ({ wish }: Item<DeviceWish>, device: Device): boolean => device.hostname !== wish.hostname;

function verdictOf(pass: Pass, { item, siteId, device }: Located): Verdict {
  if (!device || !mayRead(pass.ctx, deviceFacts(device))) {
    const refused = refusal(pass.ctx, 'network:create', factsIn(siteId, 'device'));
    if (!refused) return created;
    return mayRead(pass.ctx, siteFacts({ id: siteId })) ? failed(refused) : unknown(item.wish.site);
  }
  const verdict = onExisting(pass, item, item.wish.hostname, differs(item, device));
  const refused = verdict.outcome === 'UPDATED' ? refusal(pass.ctx, 'network:update', deviceFacts(device)) : null;
  return refused ? failed(refused) : verdict;
}

async function rename(ctx: Context, located: readonly Located[]): Promise<void> {
  const now = microseconds(ctx.clock.now());
  const pairs = located.flatMap(({ item, device }) =>
    device ? [{ before: device, after: { ...device, hostname: item.wish.hostname, updatedAt: now } }] : [],
  );
  if (pairs.length === 0) return;
  const [taken] = await ctx.use(deviceStore).updateMany(pairs.map(({ after }) => after));
  // Only the case of letters changes, so the name was its own before.
  if (taken) throw new ConflictError(`${taken.hostname} already exists in this site.`, ['hostname']);
  const carried = await attributesOf(
    ctx,
    pairs.map(({ after }) => after.id),
  );
  for (const [index, { before, after }] of pairs.entries()) {
    const attributes = carried[index] ?? {};
    appendDeviceUpdated(ctx, before, after, { before: attributes, after: attributes });
  }
}
