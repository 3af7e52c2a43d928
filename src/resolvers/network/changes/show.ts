import type { Context } from '#kernel/context.ts';
import type { EventDefinition, StoredEvent } from '#kernel/event.ts';
import { fromGlobalId } from '#kernel/id.ts';
import type { Facts } from '#kernel/permission.ts';
import { factsIn, type Kind, kinds, mayRead } from '#resolvers/network/access.ts';
import { type Snapshot, siteIdOf } from '#resolvers/network/changes/change.ts';
import { isReadable, type SingleKind } from '#resolvers/network/changes/known.ts';

/**
 * An event shows its thing, and the thing names others: its parent, its ends, its addresses. Those are told to whoever
 * may read them: by what the event itself says of them, else as they are now. Of what is gone since, only who may read
 * all such things of the Site is told.
 */
// biome-ignore lint/suspicious/noExplicitAny: events of any data
export const namingOthers = (definition: EventDefinition<any>): EventDefinition<any> => ({
  ...definition,
  show: hideOthers,
});

const hideOthers = (ctx: Context, events: readonly StoredEvent[]): Promise<StoredEvent[]> =>
  Promise.all(events.map((event) => new Sight(ctx, event).show()));

type Hide = (sight: Sight, snapshot: Snapshot, isPast: boolean) => Promise<Snapshot>;

/** What is left of a snapshot, by the name of its noun in the data of an event. */
const snapshots: Readonly<Record<string, Hide>> = {
  attribute: async (_, snapshot) => snapshot,
  device: async (_, snapshot) => snapshot,
  async network(sight, snapshot) {
    return sight.knowsNetwork(snapshot.parentId) ? snapshot : { ...snapshot, parentId: null, parent: null };
  },
  async networkInterface(sight, snapshot) {
    const [addresses, networks, parent] = await Promise.all([
      sight.knownOf('network', snapshot.addresses),
      sight.knownOf('network', snapshot.networks),
      sight.knowsInterface(snapshot.parentId, snapshot.parent),
    ]);
    const deviceId = sight.may('device', sight.device(0)) ? snapshot.deviceId : null;
    return { ...snapshot, deviceId, addresses, networks, ...(!parent && { parentId: null, parent: null }) };
  },
  async circuit(sight, snapshot, isPast) {
    const end = (field: string, place: number) =>
      sight.known('interface', snapshot[field], sight.holds(field, snapshot, isPast) ? sight.device(place) : {});
    return { ...snapshot, endpointA: await end('endpointA', 0), endpointZ: await end('endpointZ', 1) };
  },
  async protocolType(sight, snapshot) {
    return sight.may('attribute') ? snapshot : { ...snapshot, requiredAttributes: [] };
  },
  async protocol(sight, snapshot, isPast) {
    const on = sight.holds('device', snapshot, isPast) ? sight.device(0) : {};
    const [device, port, circuit] = await Promise.all([
      sight.known('device', snapshot.device, on),
      sight.known('interface', snapshot.interface, on),
      sight.known('circuit', snapshot.circuit),
    ]);
    return { ...snapshot, type: sight.may('protocolType') ? snapshot.type : null, device, interface: port, circuit };
  },
};

/** What one viewer may know of the things that one event names. */
class Sight {
  readonly #ctx: Context;
  readonly #event: StoredEvent;
  readonly #siteId: string;

  constructor(ctx: Context, event: StoredEvent) {
    this.#ctx = ctx;
    this.#event = event;
    this.#siteId = siteIdOf(event) ?? '';
  }

  async show(): Promise<StoredEvent> {
    if (kinds.every((kind) => this.may(kind))) return this.#event;
    const { data, before, after } = this.#event;
    const parts = Object.entries(data as Snapshot).map(async ([key, value]) => [key, await this.#part(key, value)]);
    const told = (await Promise.all(parts)).filter(([, value]) => value !== undefined);
    const noun = Object.keys(data as Snapshot).find((key) => Object.hasOwn(snapshots, key));
    return {
      ...this.#event,
      data: Object.fromEntries(told) as Snapshot,
      before: await this.#snapshot(noun, before, after !== null),
      after: await this.#snapshot(noun, after, false),
    };
  }

  /** Whether the viewer may read a thing of a kind in this Site of which so much is known. */
  may(kind: Kind, facts: Facts = {}): boolean {
    return mayRead(this.#ctx, { ...factsIn(this.#siteId, kind), ...facts });
  }

  /** The natural key of a thing where the viewer may know it. */
  async known(kind: SingleKind, key: unknown, facts: Facts = {}): Promise<string | null> {
    if (typeof key !== 'string') return null;
    return this.may(kind, facts) || (await isReadable(this.#ctx, kind, this.#siteId, key)) ? key : null;
  }

  async knownOf(kind: SingleKind, keys: unknown): Promise<string[]> {
    const known = await Promise.all((keys as string[]).map((key) => this.known(kind, key)));
    return known.filter((key) => key !== null);
  }

  /** A network that holds the one of the event: the event names all of them, outermost first. */
  knowsNetwork(globalId: unknown): boolean {
    const [, ...above] = this.#list('network');
    const at = above.indexOf(rowOf(globalId));
    return globalId === null || this.may('network', at < 0 ? {} : { network: above.slice(0, at + 1) });
  }

  /** What the interface of the event hangs below, or did: the event names all of the former, the nearest first. */
  async knowsInterface(globalId: unknown, slug: unknown): Promise<boolean> {
    const chain = this.#list('interface');
    const at = chain.indexOf(rowOf(globalId));
    const facts = { ...this.device(0), ...(at >= 0 && { interface: chain.slice(at) }) };
    return globalId === null || (await this.known('interface', slug, facts)) !== null;
  }

  /** The device of the event; of a circuit that of an end, by its place. */
  device(place: number): Facts {
    const { device } = this.#event.scope;
    if (device === undefined) return {};
    if (typeof device === 'string') return { device };
    const all = 'all' in device ? device.all : device;
    return { device: all[place] ?? all[0] ?? '' };
  }

  /** Whether the facts of the event are true for a field of a snapshot: they are those of the last state. */
  holds(field: string, snapshot: Snapshot, isPast: boolean): boolean {
    return !isPast || (this.#event.after as Snapshot | null)?.[field] === snapshot[field];
  }

  #list(kind: string): readonly string[] {
    const fact = this.#event.scope[kind];
    return Array.isArray(fact) ? (fact as string[]) : [];
  }

  async #snapshot(noun: string | undefined, value: unknown, isPast: boolean): Promise<unknown> {
    const hide = snapshots[noun ?? ''];
    if (!hide || value === null) return value;
    const snapshot = value as Snapshot;
    return hide(this, this.may('site') ? snapshot : { ...snapshot, siteId: null }, isPast);
  }

  /** What of the data beside the snapshot names others. */
  async #part(key: string, value: unknown): Promise<unknown> {
    switch (key) {
      case 'newParentId':
        return this.knowsNetwork(value) ? value : null;
      case 'allocation': {
        const { parentId } = (value ?? { parentId: null }) as Snapshot;
        return this.knowsNetwork(parentId) ? value : { ...(value as Snapshot), parentId: null };
      }
      case 'cause':
        return this.#knowsCause(value) ? value : undefined;
      case 'repaired':
        return this.may('network') ? value : [];
      default:
        return this.#snapshot(key, value, false);
    }
  }

  #knowsCause(globalId: unknown): boolean {
    const { type, id } = fromGlobalId(String(globalId)) ?? { type: '', id: '' };
    if (type === 'Device') return this.may('device', { device: id });
    if (type === 'NetworkInterface') return this.may('interface', { ...this.device(0), interface: id });
    return type === 'Circuit' && this.may('circuit', { circuit: id });
  }
}

const rowOf = (globalId: unknown): string => fromGlobalId(String(globalId))?.id ?? '';
