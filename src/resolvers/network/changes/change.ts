import type { StoredEvent } from '#kernel/event.ts';
import type { Kind } from '#resolvers/network/access.ts';
import { protocolName } from '#resolvers/network/protocols/name.ts';

export const changeActions = ['CREATED', 'UPDATED', 'DELETED'] as const;
export type ChangeAction = (typeof changeActions)[number];

export const changeResources = [
  'SITE',
  'ATTRIBUTE',
  'DEVICE',
  'NETWORK',
  'INTERFACE',
  'CIRCUIT',
  'PROTOCOL_TYPE',
  'PROTOCOL',
] as const;
export type ChangeResource = (typeof changeResources)[number];

/** An event about one of the things of this domain, seen as their history. */
export type Change = StoredEvent;

/** A thing at one moment, as its events keep it. */
export type Snapshot = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

interface Noun {
  /** In names of events and in facts. */
  readonly kind: Kind;
  /** In the graph; in small, the name of the snapshot in the data of an event. */
  readonly type: string;
  readonly naturalKey: (snapshot: Snapshot) => unknown;
}

const nouns: Readonly<Record<ChangeResource, Noun>> = {
  SITE: { kind: 'site', type: 'Site', naturalKey: ({ name }) => name },
  ATTRIBUTE: { kind: 'attribute', type: 'Attribute', naturalKey: ({ name }) => name },
  DEVICE: { kind: 'device', type: 'Device', naturalKey: ({ hostname }) => hostname },
  NETWORK: { kind: 'network', type: 'Network', naturalKey: ({ cidr }) => cidr },
  INTERFACE: { kind: 'interface', type: 'NetworkInterface', naturalKey: ({ nameSlug }) => nameSlug },
  CIRCUIT: { kind: 'circuit', type: 'Circuit', naturalKey: ({ nameSlug }) => nameSlug },
  PROTOCOL_TYPE: { kind: 'protocolType', type: 'ProtocolType', naturalKey: ({ name }) => name },
  PROTOCOL: {
    kind: 'protocol',
    type: 'Protocol',
    naturalKey: ({ type, device }) => protocolName(textOf(type), textOf(device)),
  },
};

/** The types that have a history, by resource. */
export const typeOfResource = (resource: ChangeResource): string => nouns[resource].type;

const meanings: ReadonlyMap<string, { readonly resource: ChangeResource; readonly action: ChangeAction }> = new Map(
  changeResources.flatMap((resource) =>
    changeActions.map((action) => [
      `network.${nouns[resource].kind}.${action.toLowerCase()}`,
      { resource, action } as const,
    ]),
  ),
);

/** The names of the events that are changes of these resources by these actions. */
export const changeNames = (
  resources: readonly ChangeResource[] = changeResources,
  actions: readonly ChangeAction[] = changeActions,
): string[] =>
  [...meanings]
    .filter(([, { resource, action }]) => resources.includes(resource) && actions.includes(action))
    .map(([name]) => name);

export const isChangeName = (name: string): boolean => meanings.has(name);

/** A copy: the event is a node of another type too, and an object can be marked with one type only. */
export const toChange = (event: StoredEvent): Change => ({ ...event });

/** What was done, and to which kind of thing. */
export function meaningOf({ name }: StoredEvent): { resource: ChangeResource; action: ChangeAction } {
  const meaning = meanings.get(name);
  if (!meaning) throw new Error(`${name} is no change.`);
  return meaning;
}

export interface Snapshots {
  readonly before: Snapshot | null;
  readonly after: Snapshot | null;
  /** Whether a snapshot is missing, since the event would have been too large with it. */
  readonly truncated: boolean;
}

/**
 * The thing before and after. Of an event that was too large for both, the one that its data holds is left: what came
 * out of it, or what was deleted.
 */
export function snapshotsOf(change: StoredEvent): Snapshots {
  const { before, after, truncated } = change;
  if (!truncated) return { before: before as Snapshot | null, after: after as Snapshot | null, truncated: false };
  const { resource, action } = meaningOf(change);
  const { type } = nouns[resource];
  const kept = ((change.data as Snapshot)[`${type[0]?.toLowerCase()}${type.slice(1)}`] ?? null) as Snapshot | null;
  return action === 'DELETED'
    ? { before: kept, after: null, truncated: kept === null }
    : { before: null, after: kept, truncated: action === 'UPDATED' || kept === null };
}

/** How people called the thing after the change, or before it was deleted. */
export function naturalKeyOf(change: StoredEvent): string {
  const { before, after } = snapshotsOf(change);
  const snapshot = after ?? before;
  return snapshot ? String(nouns[meaningOf(change).resource].naturalKey(snapshot)) : (change.subject ?? '');
}

/** Row id of the Site that the thing belonged to, or was. */
export function siteIdOf({ scope: { site } }: StoredEvent): string | null {
  const value = typeof site === 'string' ? site : Array.isArray(site) ? site[0] : undefined;
  return value ?? null;
}
