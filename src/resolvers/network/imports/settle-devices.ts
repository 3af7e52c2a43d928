import { type Context, microseconds } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import { factsIn, mayRead } from '#resolvers/network/access.ts';
import { noAttributes } from '#resolvers/network/attributes/check.ts';
import { storeAttributes } from '#resolvers/network/attributes/values.ts';
import { insertDevices } from '#resolvers/network/devices/create.ts';
import { type Device, deviceFacts, deviceStore } from '#resolvers/network/devices/device.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import { appendDeviceUpdated } from '#resolvers/network/devices/update.ts';
import { type Carried, carriedBy, judgeCarried, sayMore, toCarry } from '#resolvers/network/imports/carried.ts';
import { findIdentified } from '#resolvers/network/imports/identity.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import type { Settled } from '#resolvers/network/imports/known.ts';
import { Docket, inSites, refuseTaken, type Sited, verdictFor } from '#resolvers/network/imports/outline.ts';
import { alreadyThere, Overtaken, type Pass } from '#resolvers/network/imports/pass.ts';
import { failed, type Verdict } from '#resolvers/network/imports/row.ts';
import type { DeviceWish } from '#resolvers/network/imports/wish.ts';

interface Located extends Sited<DeviceWish> {
  /** What it asks for, where it is there. */
  readonly device: Device | null;
  /** Another device that has the hostname now. */
  readonly holder: Device | null;
}

/** One with what it is to carry, judged. */
interface Judged extends Located {
  readonly carried: Carried;
}

/** Devices are renamed before others are made, so that a name may go from one to another. */
export async function settleDevices(pass: Pass, items: readonly Item<DeviceWish>[]): Promise<Settled> {
  const docket = new Docket<Judged>();
  const { verdicts, ids } = docket;
  const judged = await judge(pass, await findDevices(pass, inSites(pass, items, verdicts)));
  for (const one of judged) verdicts.set(one.item, verdictOf(pass, one));
  const namings = judged.map((one) => ({
    ...one,
    thing: one.device,
    leaves: one.device !== null && !sameName(one.device, one.item),
  }));
  refuseTaken(namings, verdicts, ({ item }) => alreadyThere(item, item.wish.hostname));
  const [changed, fresh] = [docket.having('UPDATED', judged), docket.having('CREATED', judged)];
  if (pass.writes) {
    await update(pass.ctx, changed);
    const made = await insertDevices(
      pass.ctx,
      fresh.map(({ item, siteId, carried }) => ({
        siteId,
        hostname: item.wish.hostname,
        attributes: carried.checked ?? noAttributes,
      })),
    );
    fresh.forEach(({ item, holder }, index) => {
      const device = made[index];
      if (device) ids.set(item, device.id);
      // One that the viewer may not see is in the way, and another look would find it again.
      else if (holder) verdicts.set(item, failed(alreadyThere(item, item.wish.hostname)));
      else throw new Overtaken(item.wish.hostname);
    });
  } else for (const { item } of fresh) ids.set(item, newId());
  for (const one of judged) {
    const { item, device } = one;
    if (device && !docket.fails(one) && !ids.has(item)) ids.set(item, device.id);
  }
  return docket;
}

/** What there is of the devices, locked where the pass may change them. */
async function findDevices(pass: Pass, unplaced: readonly Sited<DeviceWish>[]): Promise<Located[]> {
  if (unplaced.length === 0) return [];
  const { ctx, writes } = pass;
  const found = await matchDevices(ctx, unplaced);
  const carried = writes ? await carriedBy(ctx, found.map(askedAttributes)) : [];
  const differing = found.flatMap((one, index) =>
    one.device && (renames(one) || sayMore(one.item.wish.attributes, carried[index] ?? {})) ? one.device.id : [],
  );
  if (differing.length === 0) return found;
  await ctx.use(deviceStore).lock(differing);
  // Somebody may have given them other names since they were found, and nobody can any more.
  return matchDevices(ctx, unplaced);
}

const askedAttributes = ({ item, device }: Located): string | null => (item.wish.attributes && device?.id) ?? null;

/** By what identifies them first, and by hostname those that nothing else in the file is. */
async function matchDevices(ctx: Context, unplaced: readonly Sited<DeviceWish>[]): Promise<Located[]> {
  const store = ctx.use(deviceStore);
  const identified = await findIdentified(
    ctx,
    'DEVICE',
    unplaced.map(({ item, siteId }) => ({ siteId, wish: item.wish })),
  );
  const known = new Map((await store.getMany([...new Set(identified.flat())])).map((device) => [device?.id, device]));
  const named = await store.match(
    unplaced.map(({ item, siteId }) => ({ siteId, key: item.wish.hostname })),
    'all',
    1,
  );
  const own = unplaced.map(({ item }, index) => {
    const mine = (identified[index] ?? []).flatMap((id) => known.get(id) ?? []);
    const readable = mine.filter((device) => mayRead(ctx, deviceFacts(device)));
    return readable.find((device) => sameName(device, item)) ?? readable[0] ?? null;
  });
  const claimed = new Set(own.map((device) => device?.id));
  return unplaced.map((one, index) => {
    const holder = named[index]?.[0] ?? null;
    const free = holder && !claimed.has(holder.id) && mayRead(ctx, deviceFacts(holder)) ? holder : null;
    const device = own[index] ?? free;
    return { ...one, device, holder: holder?.id === device?.id ? null : holder };
  });
}

const sameName = ({ hostname }: Device, { wish }: Item<DeviceWish>): boolean =>
  foldHostname(hostname) === foldHostname(wish.hostname);

const renames = ({ item, device }: Located): boolean => device !== null && device.hostname !== item.wish.hostname;

async function judge(pass: Pass, located: readonly Located[]): Promise<Judged[]> {
  const carried = await judgeCarried(
    pass,
    'DEVICE',
    located.map(({ item, siteId, device }) => ({ siteId, targetId: device?.id ?? null, given: item.wish.attributes })),
  );
  return located.map((one, index) => ({ ...one, carried: carried[index] as Carried }));
}

function verdictOf(pass: Pass, one: Judged): Verdict {
  const { item, siteId, device, carried } = one;
  return verdictFor(pass, one, {
    there: device && { name: item.wish.hostname, differs: renames(one) || carried.changed },
    create: [['network:create', factsIn(siteId, 'device')]],
    update: device ? [['network:update', deviceFacts(device)]] : [],
    error: carried.error,
  });
}

async function update(ctx: Context, judged: readonly Judged[]): Promise<void> {
  const now = microseconds(ctx.clock.now());
  const changes = judged.flatMap(({ item, device, carried }) =>
    device ? [{ before: device, after: { ...device, hostname: item.wish.hostname, updatedAt: now }, carried }] : [],
  );
  if (changes.length === 0) return;
  const [taken] = await ctx.use(deviceStore).updateMany(changes.map(({ after }) => after));
  if (taken) throw new Overtaken(taken.hostname);
  await storeAttributes(
    ctx,
    'DEVICE',
    changes.flatMap(({ after, carried }) => toCarry(after, carried)),
  );
  for (const { before, after, carried } of changes) appendDeviceUpdated(ctx, before, after, carried);
}
