import { formatCidr, readCidr } from '#kernel/cidr.ts';
import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import type { GivenAttributes } from '#resolvers/network/attributes/check.ts';
import type { GivenRules } from '#resolvers/network/attributes/rules.ts';
import { toNameSlug } from '#resolvers/network/circuits/snapshot.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import type { NetworkState } from '#resolvers/network/networks/network.ts';

/** What a good row asks for. What it does not say is absent. */
export interface SiteWish {
  readonly kind: 'SITE';
  readonly name: string;
  readonly description?: string | undefined;
}

/** Something in a Site. */
interface Sited {
  /** The name of the Site. */
  readonly site: string;
}

/** Something that carries attributes. */
interface Carrier extends Sited {
  /** Those that the row names; others are left. Their content is checked against the definitions. */
  readonly attributes?: GivenAttributes | undefined;
  /**
   * The value of the attribute `identityAttribute` by which what exists is found before its natural key is tried, so
   * that it may have got another name where the file comes from.
   */
  readonly identity?: string | undefined;
}

export const identityAttribute = 'netbox_id';

export interface AttributeWish extends Sited, GivenRules {
  readonly kind: 'ATTRIBUTE';
  readonly resource: AttributeResource;
  readonly name: string;
}

export interface ProtocolTypeWish extends Sited {
  readonly kind: 'PROTOCOL_TYPE';
  readonly name: string;
  readonly description?: string | undefined;
  /** Names of attributes of protocols. */
  readonly requiredAttributes?: readonly string[] | undefined;
}

export interface DeviceWish extends Carrier {
  readonly kind: 'DEVICE';
  readonly hostname: string;
}

export interface NetworkWish extends Carrier {
  readonly kind: 'NETWORK';
  /** In canonical form. */
  readonly cidr: string;
  readonly state?: NetworkState | undefined;
}

export interface InterfaceWish extends Carrier {
  readonly kind: 'INTERFACE';
  /** Hostname of its device. */
  readonly device: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly type?: number | undefined;
  /** In canonical form. */
  readonly macAddress?: string | null | undefined;
  readonly speed?: number | null | undefined;
  /** Name of an interface of the same device. */
  readonly parent?: string | null | undefined;
  /**
   * Host addresses that it is to have, beside those that it has, in canonical form. One that another interface with an
   * identity has, and does not ask for, moves.
   */
  readonly addresses?: readonly string[] | undefined;
  readonly forceAddresses?: boolean | undefined;
}

export interface CircuitWish extends Carrier {
  readonly kind: 'CIRCUIT';
  readonly name?: string | undefined;
  /** Slugs of interfaces. */
  readonly endpointA: string;
  readonly endpointZ?: string | null | undefined;
}

export interface ProtocolWish extends Carrier {
  readonly kind: 'PROTOCOL';
  /** Name of its type. */
  readonly type: string;
  /** Hostname. */
  readonly device: string;
  /** Slug of an interface. */
  readonly interface?: string | null | undefined;
  /** Slug of a circuit. */
  readonly circuit?: string | null | undefined;
  readonly description?: string | undefined;
  readonly authString?: string | undefined;
}

export type CarrierWish = DeviceWish | NetworkWish | InterfaceWish | CircuitWish | ProtocolWish;
export type Wish = SiteWish | AttributeWish | ProtocolTypeWish | CarrierWish;
export type WishOf<Kind extends Wish['kind']> = Extract<Wish, { readonly kind: Kind }>;

/** Equal for wishes about one object. */
export const identityOf = (wish: Wish): string => JSON.stringify([wish.kind, ...keyOf(wish)]);

function keyOf(wish: Wish): readonly (string | null)[] {
  switch (wish.kind) {
    case 'SITE':
      return [wish.name];
    case 'ATTRIBUTE':
      return [wish.site, wish.resource, wish.name];
    case 'PROTOCOL_TYPE':
      return [wish.site, wish.name];
    case 'DEVICE':
      return [wish.site, foldHostname(wish.hostname)];
    case 'NETWORK':
      return [wish.site, wish.cidr];
    case 'INTERFACE':
      return [wish.site, foldHostname(wish.device), wish.name];
    case 'CIRCUIT':
      return [wish.site, toNameSlug(wish.name ?? `${wish.endpointA}_${wish.endpointZ ?? 'None'}`)];
    // It has no key of its own: rows that say the same of where it runs are about one, unless they describe it otherwise.
    case 'PROTOCOL':
      return [
        wish.site,
        wish.type,
        foldHostname(wish.device),
        wish.interface ?? null,
        wish.circuit ?? null,
        wish.description ?? '',
      ];
  }
}

/** The fields without which nobody can say what a row is about. */
const namingFields: Readonly<Record<Exclude<Wish['kind'], 'PROTOCOL'>, readonly string[]>> = {
  SITE: ['name'],
  ATTRIBUTE: ['site', 'resource', 'name'],
  PROTOCOL_TYPE: ['site', 'name'],
  DEVICE: ['site', 'hostname'],
  NETWORK: ['site', 'cidr'],
  INTERFACE: ['site', 'device', 'name'],
  CIRCUIT: ['site', 'name'],
};

/** What a row would be about that asks for nothing that could be done; null where it does not say so much. */
export function lostIdentity(kind: string, fields: Readonly<Record<string, unknown>>): string | null {
  if (!Object.hasOwn(namingFields, kind)) return null;
  const names = namingFields[kind as keyof typeof namingFields];
  const texts = names.map((name) => [name, fields[name]]);
  if (!texts.every(([, text]) => typeof text === 'string')) return null;
  const said = texts.map(([name, text]) => [
    name,
    name === 'cidr' ? spelled(text as string) : String(text).normalize('NFC'),
  ]);
  return identityOf({ kind, ...Object.fromEntries(said) } as Wish);
}

function spelled(cidr: string): string {
  const read = readCidr(cidr);
  return 'value' in read ? formatCidr(read.value) : cidr;
}
