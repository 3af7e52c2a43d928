import { type Context, microseconds } from '#kernel/context.ts';
import type { GatehouseError } from '#kernel/errors.ts';
import { storeAttributes } from '#resolvers/network/attributes/values.ts';
import { deviceFinder } from '#resolvers/network/devices/find.ts';
import { type Carried, judgeCarried, toCarry } from '#resolvers/network/imports/carried.ts';
import { findIdentified } from '#resolvers/network/imports/identity.ts';
import { type AddressesPlan, planAddresses } from '#resolvers/network/imports/interface-addresses.ts';
import { type Hung, hangAll } from '#resolvers/network/imports/interface-parents.ts';
import type { Item } from '#resolvers/network/imports/items.ts';
import type { Settled } from '#resolvers/network/imports/known.ts';
import { Docket, inSites, refuseTaken, type Sited, verdictFor } from '#resolvers/network/imports/outline.ts';
import { alreadyThere, Overtaken, type Pass } from '#resolvers/network/imports/pass.ts';
import { findReferences, firstRefusal, idOf } from '#resolvers/network/imports/references.ts';
import { failure, type Verdict } from '#resolvers/network/imports/row.ts';
import type { InterfaceWish } from '#resolvers/network/imports/wish.ts';
import { changeAddresses } from '#resolvers/network/interfaces/bind.ts';
import { readableInterfaces } from '#resolvers/network/interfaces/find.ts';
import { interfaceFacts, type NetworkInterface } from '#resolvers/network/interfaces/interface.ts';
import { appendInterfaceCreated, appendInterfaceUpdated, portray } from '#resolvers/network/interfaces/snapshot.ts';
import { interfaceStore } from '#resolvers/network/interfaces/store.ts';
import { networkSettings } from '#resolvers/network/settings.ts';

const path = ['addresses'];

interface Placed extends Sited<InterfaceWish> {
  readonly deviceId: string;
}

interface Located extends Placed {
  /** What there is of it, as far as the viewer may read it. */
  readonly thing: NetworkInterface | null;
  /** Another interface of the device that has the name now. */
  readonly holder: NetworkInterface | null;
}

interface Draft extends Located, Hung {
  /** As it is to be. */
  readonly row: NetworkInterface;
  readonly carried: Carried;
  readonly addresses: AddressesPlan;
}

/** Interfaces, those that others hang below first, with the addresses that they get. */
export async function settleInterfaces(pass: Pass, items: readonly Item<InterfaceWish>[]): Promise<Settled> {
  const docket = new Docket<Draft>();
  const { verdicts, ids } = docket;
  const placed = await findDevices(pass, inSites(pass, items, verdicts), verdicts);
  const drafts = await draft(pass, await hangAll(pass, await findInterfaces(pass, placed)));
  for (const one of drafts) verdicts.set(one.item, verdictOf(pass, one));
  failDependants(drafts, docket);
  for (const one of drafts) if (!docket.fails(one)) ids.set(one.item, one.id);
  const [changed, fresh] = [docket.having('UPDATED', drafts), docket.having('CREATED', drafts)];
  if (pass.writes) await write(pass.ctx, changed, fresh);
  else for (const { row } of [...changed, ...fresh]) pass.known.interfaces.set(row.id, row);
  return docket;
}

/** Rows whose device cannot be had fail. The devices of the others are locked where the pass writes. */
async function findDevices(
  pass: Pass,
  sited: readonly Sited<InterfaceWish>[],
  verdicts: Map<Item, Verdict>,
): Promise<Placed[]> {
  const found = await findReferences(
    pass,
    deviceFinder,
    sited.map(({ siteId, item: { wish } }) => ({
      siteId,
      site: wish.site,
      key: wish.device,
      wish: { kind: 'DEVICE', site: wish.site, hostname: wish.device },
      field: 'device',
    })),
  );
  const placed = sited.flatMap((one, index): Placed[] => {
    const refused = firstRefusal(found[index]);
    if (refused) verdicts.set(one.item, refused);
    return refused ? [] : [{ ...one, deviceId: idOf(found[index]) ?? '' }];
  });
  if (pass.writes) await pass.ctx.use(interfaceStore).lockDevices([...new Set(placed.map(({ deviceId }) => deviceId))]);
  return placed;
}

/** By what identifies them on their device first, and by name those that nothing else in the file is. */
async function findInterfaces({ ctx }: Pass, placed: readonly Placed[]): Promise<Located[]> {
  if (placed.length === 0) return [];
  const store = ctx.use(interfaceStore);
  const identified = await findIdentified(
    ctx,
    'INTERFACE',
    placed.map(({ item, siteId }) => ({ siteId, wish: item.wish })),
  );
  const wanted = [...new Set(identified.flat())];
  const rows = wanted.length === 0 ? [] : await readableInterfaces(ctx, await store.getMany(wanted));
  const known = new Map(rows.flatMap((one) => (one ? [[one.id, one] as const] : [])));
  const named = await store.getByName(placed.map(({ deviceId, item }) => ({ deviceId, name: item.wish.name })));
  const shown = await readableInterfaces(ctx, named);
  const own = placed.map(({ deviceId, item: { wish } }, index) => {
    const mine = (identified[index] ?? []).flatMap((id) => known.get(id) ?? []);
    const here = mine.filter((one) => one.deviceId === deviceId);
    return here.find(({ name }) => name === wish.name) ?? here[0] ?? null;
  });
  const claimed = new Set(own.map((one) => one?.id));
  return placed.map((one, index) => {
    const holder = named[index] ?? null;
    const free = claimed.has(holder?.id) ? null : (shown[index] ?? null);
    const thing = own[index] ?? free;
    return { ...one, thing, holder: holder?.id === thing?.id ? null : holder };
  });
}

async function draft(pass: Pass, hung: readonly (Located & Hung)[]): Promise<Draft[]> {
  const carried = await judgeCarried(
    pass,
    'INTERFACE',
    hung.map(({ item, siteId, thing }) => ({ siteId, targetId: thing?.id ?? null, given: item.wish.attributes })),
  );
  const addresses = await planAddresses(pass, hung);
  const now = microseconds(pass.ctx.clock.now());
  return hung.map((one, index) => ({
    ...one,
    row: toRow(pass.ctx, one, now),
    carried: carried[index] as Carried,
    addresses: addresses[index] as AddressesPlan,
  }));
}

/** What the row says in the place of what there is, or of what holds where nothing is said. */
function toRow(ctx: Context, { id, siteId, deviceId, parentId, thing, item }: Located & Hung, now: string) {
  const { defaultType, defaultMac, defaultSpeed } = ctx.use(networkSettings).interface;
  const { name, description, type, macAddress, speed } = item.wish;
  const row: NetworkInterface = {
    id,
    siteId,
    deviceId,
    name,
    description: description ?? thing?.description ?? '',
    type: type ?? thing?.type ?? defaultType,
    macAddress: macAddress !== undefined ? macAddress : thing ? thing.macAddress : defaultMac,
    speed: speed !== undefined ? speed : thing ? thing.speed : defaultSpeed,
    parentId,
    createdAt: thing?.createdAt ?? now,
    updatedAt: now,
  };
  return row;
}

const isAnother = ({ thing, row, carried, addresses }: Draft): boolean =>
  carried.changed ||
  addresses.add.length + addresses.remove.length > 0 ||
  (Object.keys(row) as (keyof NetworkInterface)[]).some((key) => key !== 'updatedAt' && row[key] !== thing?.[key]);

function verdictOf(pass: Pass, one: Draft): Verdict {
  const { thing, row, refused, carried, addresses } = one;
  if (refused ?? addresses.refused) return (refused ?? addresses.refused) as Verdict;
  const error: GatehouseError | null = carried.error ?? addresses.error;
  const below = (ids: readonly string[]) => ids.map((id) => ({ id }));
  return verdictFor(pass, one, {
    there: thing && { name: row.name, differs: isAnother(one) },
    create: [['network:create', interfaceFacts({ ...row, id: '' }, below(one.above))]],
    update: [['network:update', interfaceFacts(row, below(one.aboveNow))]],
    error,
  });
}

/**
 * What is to hang below a row that fails fails too, and what is to have a name or an address that is not given up, or to
 * give up an address that nobody takes.
 */
function failDependants(drafts: readonly Draft[], docket: Docket<Draft>): void {
  const { verdicts } = docket;
  const namings = drafts.map((one) => ({ ...one, leaves: one.thing !== null && one.thing.name !== one.row.name }));
  const byId = new Map(drafts.map((one) => [one.id, one]));
  const writes = ({ item }: Draft) => ['CREATED', 'UPDATED'].includes(verdicts.get(item)?.outcome ?? '');
  for (let failures = -1, now = 0; failures !== now; ) {
    failures = now;
    refuseTaken(namings, verdicts, ({ item, row }) => alreadyThere(item, row.name));
    for (const one of drafts) {
      if (one.parent && !docket.fails(one) && verdicts.get(one.parent)?.outcome === 'FAILED')
        verdicts.set(one.item, failure('DEPENDENCY_FAILED', 'Its parent failed too.', ['parent']));
      const partner = one.addresses.partners.map((id) => byId.get(id)).find((other) => other && !writes(other));
      if (partner && writes(one)) {
        const message = `${partner.row.name}, with which it exchanges an address, stays as it is.`;
        verdicts.set(one.item, failure('DEPENDENCY_FAILED', message, path));
      }
    }
    now = drafts.filter((one) => docket.fails(one)).length;
  }
}

/** All is written before the events are appended: so they tell of things as they are in the end. */
async function write(ctx: Context, changed: readonly Draft[], fresh: readonly Draft[]): Promise<void> {
  if (changed.length + fresh.length === 0) return;
  const store = ctx.use(interfaceStore);
  const before = await portray(
    ctx,
    changed.map(({ id }) => id),
  );
  const [taken] = changed.length === 0 ? [] : await store.updateMany(changed.map(({ row }) => row));
  if (taken) throw new Overtaken(taken.name);
  const made = fresh.length === 0 ? [] : await store.insertMany(fresh.map(({ row }) => row));
  const refused = fresh.find((_, index) => !made[index]);
  if (refused) throw new Overtaken(refused.row.name);
  await storeAttributes(
    ctx,
    'INTERFACE',
    [...changed, ...fresh].flatMap(({ row, carried }) => toCarry(row, carried)),
  );
  const written = [...changed, ...fresh].map(({ addresses }) => addresses);
  await changeAddresses(ctx, {
    remove: written.flatMap(({ remove }) => remove),
    add: written.flatMap(({ add }) => add),
  });
  const after = await portray(
    ctx,
    [...fresh, ...changed].map(({ id }) => id),
  );
  for (const { id } of fresh) {
    const portrait = after.get(id);
    if (portrait) appendInterfaceCreated(ctx, portrait);
  }
  for (const { id } of changed) {
    const [former, portrait] = [before.get(id), after.get(id)];
    if (former && portrait) appendInterfaceUpdated(ctx, former, portrait);
  }
}
