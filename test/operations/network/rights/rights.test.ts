import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createGateway, type Gateway } from '#gateway';
import { newId, toGlobalId } from '#kernel/id.ts';
import { auth } from '#plugins/auth.ts';
import { authLucia } from '#plugins/auth-lucia/plugin.ts';
import { authToken } from '#plugins/auth-token/plugin.ts';
import { network } from '#plugins/network.ts';
import { platform } from '#plugins/platform.ts';
import { secretBoxPlugin } from '#plugins/secret-box/plugin.ts';
import { storagePlugin } from '../../../support/network.ts';
import {
  type Ask,
  askAround,
  askHistory,
  askKeys,
  askLists,
  askNodes,
  asPerson,
  asSystem,
  attempt,
  type Json,
  type Listed,
} from './answers.ts';
import { fieldsOf } from './graph.ts';
import { holds, inventoryPlan, plant, type SitePlan, type Thing, touch, typeOfKind } from './inventory.ts';
import { admit, type Person, type PersonPlan, personPlan } from './people.ts';
import { listen } from './streams.ts';

/**
 * Whatever way an account asks, it is told of the same things: by id, in lists, through relations, in counts, in
 * streams, in history and by natural keys. Which ones is worked out here once more, from the grants alone.
 */
describe.each([
  { storage: 'memory', runs: 8, accounts: 3 },
  { storage: 'embedded', runs: 2, accounts: 2 },
] as const)('every way to a thing, on $storage', ({ storage, runs, accounts }) => {
  test('tells each account of what its grants show, and of nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(
        inventoryPlan,
        fc.array(personPlan, { minLength: accounts, maxLength: accounts }),
        async (sites, people) => {
          const gateway = await open(storage);
          try {
            await check(gateway, sites, people);
          } finally {
            await gateway.dispose();
          }
        },
      ),
      { numRuns: runs, endOnFailure: true },
    );
  }, 120_000);
});

const open = (storage: 'memory' | 'embedded'): Promise<Gateway> =>
  createGateway({
    config: {
      plugins: [storagePlugin(storage), secretBoxPlugin, auth, authLucia, authToken, platform, network],
      dataDir: `memory://${newId()}`,
      log: { level: 'silent' },
      http: { port: 0 },
      accounts: { adminPassword: 'correct horse battery' },
      graphql: { limits: { cost: 100_000_000, aliases: 1000, rootFields: 1000, tokens: 100_000 } },
    },
  });

async function check(gateway: Gateway, sites: readonly SitePlan[], plans: readonly PersonPlan[]): Promise<void> {
  const { things, sentinels } = await plant(gateway.context(), sites);
  const all = [...things, ...sentinels];
  const sentinelSite = sentinels[0]?.siteId ?? '';
  const people: Person[] = [];
  for (const [index, plan] of plans.entries())
    people.push(await admit(gateway, `person${index}`, plan, things, sentinelSite));
  const url = await gateway.listen();
  const heard = people.map((): string[] => []);
  const streams = await Promise.all(
    people.map(({ token }, index) => listen(url, token, (text) => heard[index]?.push(text))),
  );
  await pause(2);
  await touch(gateway.context(), things);
  await touch(gateway.context(), sentinels);
  const system = asSystem(gateway);
  const whole = { lists: await askLists(gateway, system), ...(await askHistory(system)) };
  for (const [index, person] of people.entries()) {
    const sees = (thing: Thing) => thing.siteId === sentinelSite || person.sees(thing);
    const view = new View(all, sees);
    const ask = asPerson(gateway, person.token, (text) => heard[index]?.push(text));
    try {
      for (const [name, ids] of Object.entries((await streams[index]?.(sentinels)) ?? {}))
        expect([name, ids.toSorted()]).toEqual([name, view.told(name)]);
      await checkLists(gateway, ask, whole.lists, view);
      await checkHistory(ask, whole, view);
      await checkNodes(asPerson(gateway, person.token), whole, view);
      await checkKeys(asPerson(gateway, person.token), view);
      await checkAround(asPerson(gateway, person.token), whole.lists, view);
      expect(view.leaks(heard[index]?.join('\n') ?? '')).toEqual([]);
    } catch (error) {
      throw told(error as Error, person);
    }
  }
  // Last, since a right inside a hidden Site is a right to create there.
  for (const person of people) {
    const sees = (thing: Thing) => thing.siteId === sentinelSite || person.sees(thing);
    await checkAttempts(asPerson(gateway, person.token), new View(all, sees)).catch((error: Error) => {
      throw told(error, person);
    });
  }
}

const told = (error: Error, { permissions }: Person): Error =>
  Object.assign(error, { message: `${error.message}\nof an account with ${JSON.stringify(permissions)}` });

/** What an account is to be told of. */
class View {
  readonly all: readonly Thing[];
  readonly seen: readonly Thing[];
  readonly hidden: readonly Thing[];
  readonly #seenIds: ReadonlySet<string>;

  constructor(all: readonly Thing[], sees: (thing: Thing) => boolean) {
    this.all = all;
    this.seen = all.filter(sees);
    this.hidden = all.filter((thing) => !sees(thing));
    this.#seenIds = new Set(this.seen.map(({ globalId }) => globalId));
  }

  /** A value is seen with its thing; an assignment with both of its ends. */
  has(node: Json): boolean {
    if (node.__typename === 'AttributeValue') return this.#seenIds.has(node.target.id);
    if (node.__typename === 'Assignment')
      return this.#seenIds.has(node.interface.id) && this.#seenIds.has(node.address.id);
    return this.#seenIds.has(node.id);
  }

  /** The ids that a stream tells of. */
  told(stream: string): string[] {
    const own = this.seen.filter(({ kind }) => {
      const type = typeOfKind[kind];
      return (
        stream === 'changes' || stream === 'events' || stream === `${type[0]?.toLowerCase()}${type.slice(1)}Changed`
      );
    });
    return own.map(({ globalId }) => globalId).sort();
  }

  /** Ids and natural keys of what is hidden that stand somewhere in a text, beside what is a part of what is seen. */
  leaks(text: string): string[] {
    const named = this.hidden.filter(({ kind }) => kind !== 'attribute' && kind !== 'protocol');
    const own = this.seen.map(({ key }) => key).sort((one, other) => other.length - one.length);
    // The hostname of a device is a part of the names of its interfaces.
    const withoutHostnames = text
      .replace(/"deviceHostname\\*": ?\\*"[^"\\]*\\*"/g, '')
      .replace(/\{"path":"deviceHostname"[^}]*\}/g, '');
    const rest = own.reduce((left, key) => left.replaceAll(key, '…'), withoutHostnames);
    return [
      ...this.hidden
        .filter(({ id, globalId }) => text.includes(id) || text.includes(globalId))
        .map((t) => `${t.kind} by id ${around(text, text.includes(t.id) ? t.id : t.globalId)}`),
      ...named.filter(({ key }) => rest.includes(key)).map(({ kind, key }) => `${kind} ${around(rest, key)}`),
    ];
  }
}

const around = (text: string, part: string): string =>
  text.slice(Math.max(text.indexOf(part) - 300, 0), text.indexOf(part) + 80);
const nodesOf = (value: Json): Json[] => (value === null ? [] : (value.nodes ?? [value].flat()));
const idsOf = (value: Json): string[] => nodesOf(value).map(({ id }) => id);

async function checkLists(gateway: Gateway, ask: Ask, whole: Record<string, Listed>, view: View): Promise<void> {
  const told = await askLists(gateway, ask);
  for (const [type, list] of Object.entries(whole)) {
    const seen = list.nodes.filter((node) => view.has(node));
    const mine = told[type];
    expect([type, idsOf(mine)]).toEqual([type, idsOf(seen)]);
    expect([type, mine?.totalCount]).toEqual([type, seen.length]);
    for (const [index, node] of seen.entries())
      checkRelations(fieldsOf(gateway.schema, type).relations, node, mine?.nodes[index], { whole, view });
  }
  for (const site of told.Site?.nodes ?? [])
    for (const [name, count] of Object.entries(site.counts)) {
      const type = Object.keys(whole).find((type) => name === listName(type)) ?? '';
      const inSite = whole[type]?.nodes.filter((node) => view.has(node) && siteIdOf(view, node.id) === site.id) ?? [];
      expect([name, count]).toEqual([name, inSite.length]);
    }
  for (const attribute of told.Attribute?.nodes ?? []) {
    const values = whole.AttributeValue?.nodes.filter((v) => v.attribute.id === attribute.id && view.has(v)) ?? [];
    expect(attribute.usageCount).toBe(new Set(values.map(({ target }) => target.id)).size);
  }
}

const listName = (type: string) => `${type[0]?.toLowerCase()}${type.slice(1)}s`;
const siteIdOf = (view: View, globalId: string): string => {
  const thing = view.all.find((one) => one.globalId === globalId);
  return thing ? toGlobalId('Site', thing.siteId) : '';
};

/** A relation leads to what it leads an administrator to, without what the account does not see. */
function checkRelations(
  relations: readonly string[],
  node: Json,
  mine: Json,
  { whole, view }: { whole: Record<string, Listed>; view: View },
): void {
  const shown = (value: Json) => nodesOf(value).filter((one) => view.has(full(whole, one)));
  for (const name of relations) {
    let expected = shown(node[name]).map(({ id }) => id);
    if (name === 'root') {
      const above = shown(node.ancestors).map(({ id }) => id);
      expected = node.__typename === 'Network' ? above.slice(0, 1) : [above.at(-1) ?? node.id];
    }
    if (node.__typename === 'Circuit' && name === 'addresses') expected = addressesOf(node, whole, view);
    const where = `${node.__typename}.${name}`;
    expect([where, idsOf(mine[name])]).toEqual([where, expected]);
    if (mine[name]?.totalCount !== undefined) expect([where, mine[name].totalCount]).toEqual([where, expected.length]);
  }
  if (node.changes)
    expect(idsOf(mine.changes)).toEqual(
      node.changes.nodes.filter(({ targetId }: Json) => view.has({ id: targetId })).map(({ id }: Json) => id),
    );
}

/** The same node with all that decides whether it is seen. */
const full = (whole: Record<string, Listed>, node: Json): Json =>
  whole[node.__typename]?.nodes.find(({ id }) => id === node.id) ?? node;

/** An address belongs to a circuit by an interface: who does not see the interface is not told. */
function addressesOf(circuit: Json, whole: Record<string, Listed>, view: View): string[] {
  const port = ({ id }: Json) => whole.NetworkInterface?.nodes.find((one) => one.id === id);
  const ends = circuit.interfaces.filter((end: Json) => view.has(end)).map(port);
  const family = ends.flatMap((end: Json) => [
    end,
    ...nodesOf(end.children)
      .filter((one) => view.has(one))
      .map(port),
  ]);
  return [
    ...new Set<string>(
      family.flatMap((one: Json) =>
        nodesOf(one.addresses)
          .filter((a) => view.has(a))
          .map(({ id }) => id),
      ),
    ),
  ];
}

async function checkHistory(ask: Ask, whole: { changes: Listed; events: Listed }, view: View): Promise<void> {
  const { changes, events } = await askHistory(ask);
  const seenChanges = whole.changes.nodes.filter(({ targetId }) => view.has({ id: targetId }));
  const seenEvents = whole.events.nodes.filter(({ subjectId }) => view.has({ id: subjectId }));
  expect([idsOf(changes), changes.totalCount]).toEqual([idsOf(seenChanges), seenChanges.length]);
  expect([idsOf(events), events.totalCount]).toEqual([idsOf(seenEvents), seenEvents.length]);
  expect(new Set(changes.nodes.map(({ targetId }) => targetId))).toEqual(
    new Set(view.seen.map(({ globalId }) => globalId)),
  );
  for (const { targetId, target } of changes.nodes) expect(target?.id).toBe(targetId);
}

async function checkNodes(
  ask: Ask,
  whole: { lists: Record<string, Listed>; changes: Listed; events: Listed },
  view: View,
): Promise<void> {
  const all = [...Object.values(whole.lists).flatMap(({ nodes }) => nodes)];
  const seen = [
    ...all.filter((node) => view.has(node)).map(({ id }) => id),
    ...whole.changes.nodes.filter(({ targetId }) => view.has({ id: targetId })).map(({ id }) => id),
    ...whole.events.nodes.filter(({ subjectId }) => view.has({ id: subjectId })).map(({ id }) => id),
  ];
  const ids = [...all, ...whole.changes.nodes, ...whole.events.nodes].map(({ id }) => id);
  expect(await askNodes(ask, ids)).toEqual(seen);
}

async function checkKeys(ask: Ask, view: View): Promise<void> {
  const named = view.all.filter(({ by }) => by !== null);
  const inSites = await askKeys(ask, named, true);
  expect(inSites).toEqual(named.map((thing) => (view.has({ id: thing.globalId }) ? thing.globalId : null)));
  const anywhere = await askKeys(ask, named, false);
  expect(anywhere).toEqual(
    named.map(({ kind, key }) => {
      const fitting = view.seen.filter((other) => other.kind === kind && other.key === key);
      return fitting.length > 1 ? 'AMBIGUOUS' : (fitting[0]?.globalId ?? null);
    }),
  );
}

/** The fields that need to be told where to look. */
async function checkAround(ask: Ask, whole: Record<string, Listed>, view: View): Promise<void> {
  const networks = view.all.filter(({ kind }) => kind === 'network');
  const devices = view.all.filter(({ kind }) => kind === 'device');
  const circuits = view.all.filter(({ kind }) => kind === 'circuit');
  const pairs = circuits.flatMap((circuit) => devices.map((device) => [circuit, device] as const));
  const { closest, ends } = await askAround(ask, networks, pairs);
  const lengthOf = ({ key }: Thing) => Number(key.split('/')[1]);
  const expected = networks.map((network) => {
    const around = view.seen.filter(
      (other) =>
        other.kind === 'network' &&
        other.siteId === network.siteId &&
        other !== network &&
        !/\.\d+\/32$|\/128$/.test(other.key) &&
        holds(other.key, network.key),
    );
    return around.sort((one, other) => lengthOf(other) - lengthOf(one))[0]?.globalId ?? null;
  });
  expect(closest).toEqual(expected);
  const end = (circuit: Thing, device: Thing): string | null => {
    const { interfaces } = full(whole, { __typename: 'Circuit', id: circuit.globalId });
    const first = interfaces.find(
      (port: Json) => view.all.find(({ globalId }) => globalId === port.id)?.deviceIds?.[0] === device.id,
    );
    const told = [circuit.globalId, device.globalId, first?.id].every((id) => view.has({ id }));
    return told ? first.id : null;
  };
  expect(ends).toEqual(pairs.map(([circuit, device]) => end(circuit, device)));
}

/** What is hidden answers in every word as what does not exist. */
async function checkAttempts(ask: Ask, view: View): Promise<void> {
  for (const [kind, things] of Map.groupBy(view.hidden, (thing) => thing.kind)) {
    const none = await attempt(ask, kind, newId());
    for (const { id } of things.slice(0, 2)) {
      const answers = await attempt(ask, kind, id);
      const granted = answers.map((answer) => kind === 'site' && isCreation(answer));
      expect(answers.filter((_, index) => !granted[index])).toEqual(none.filter((_, index) => !granted[index]));
    }
  }
}

/** A right to create something in a Site needs none on the Site. */
const isCreation = ({ mutation, data }: Json): boolean =>
  mutation.endsWith('Create') && /Success$|^ConflictError$/.test(data?.result.__typename);
