import { isIP } from 'node:net';
import { parseIp, stringifyIp } from 'ip-bigint';

/**
 * Addresses and prefixes. As text they cross every port in one canonical form: IPv4 dotted, IPv6 by RFC 5952, always
 * with the prefix length. As numbers they are bigints, since 128 bits do not fit into a number.
 */
export type IpVersion = 4 | 6;

export interface Cidr {
  readonly version: IpVersion;
  /** The first address. It has no bits set behind the prefix. */
  readonly first: bigint;
  readonly length: number;
}

/** How many bits an address has, which is also the length of a host prefix. */
export const addressBits = (version: IpVersion): 32 | 128 => (version === 4 ? 32 : 128);

export const isHost = (cidr: Cidr): boolean => cidr.length === addressBits(cidr.version);

/** How many addresses it holds. */
export const cidrSize = (cidr: Cidr): bigint => 1n << BigInt(addressBits(cidr.version) - cidr.length);

export const lastAddress = (cidr: Cidr): bigint => cidr.first + cidrSize(cidr) - 1n;

/** Whether `outer` holds all of `inner`; every prefix holds itself. */
export const covers = (outer: Cidr, inner: Cidr): boolean =>
  outer.version === inner.version &&
  outer.length <= inner.length &&
  outer.first <= inner.first &&
  inner.first <= lastAddress(outer);

/** The order everywhere: IPv4 before IPv6, then by address, then the shorter prefix first. */
export function compareCidr(one: Cidr, other: Cidr): number {
  if (one.version !== other.version) return one.version - other.version;
  if (one.first !== other.first) return one.first < other.first ? -1 : 1;
  return one.length - other.length;
}

export type Reading<T> = { readonly value: T } | { readonly fault: string };

const invalid = (text: string): { fault: string } => ({
  fault: `Invalid CIDR: ${text}. Must be IPv4/IPv6 notation.`,
});

/**
 * Reads a prefix as people write it: with a length, a netmask or a host mask, or a bare address. The fault is a sentence
 * that quotes the text as given.
 */
export function readCidr(given: string): Reading<Cidr> {
  const [address = '', suffix, ...rest] = given.trim().split('/');
  const read = readAddress(address);
  if (!read || rest.length > 0) return invalid(given);
  const length = suffix === undefined ? addressBits(read.version) : readLength(suffix, read.version);
  if (length === null) return invalid(given);
  const cidr = truncate(read.version, read.number, length);
  return cidr.first === read.number ? { value: cidr } : { fault: `${given} has host bits set` };
}

/** Reads an address and a length given apart. */
export function readParts(networkAddress: string, prefixLength: number): Reading<Cidr> {
  const text = `${networkAddress}/${prefixLength}`;
  return networkAddress.includes('/') ? invalid(text) : readCidr(text);
}

/** An address without a length, or null where the text is none. */
export function readAddress(text: string): { version: IpVersion; number: bigint } | null {
  if (isIP(text) === 0 || text.includes('%')) return null;
  const { version, number } = parseIp(text);
  return { version, number };
}

function readLength(text: string, version: IpVersion): number | null {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= addressBits(version) ? Number(text) : null;
  const mask = version === 4 ? readAddress(text) : null;
  return mask?.version === 4 ? maskLength(mask.number) : null;
}

/** The length that a netmask stands for, else the one that a host mask stands for. */
function maskLength(mask: bigint): number | null {
  for (let length = 0; length <= 32; length += 1) if (mask === netmask(length)) return length;
  for (let length = 0; length <= 32; length += 1) if (mask === (netmask(length) ^ 0xffffffffn)) return length;
  return null;
}

const netmask = (length: number): bigint => 0xffffffffn ^ ((1n << BigInt(32 - length)) - 1n);

/** The prefix of this length that holds the address. */
export function truncate(version: IpVersion, address: bigint, length: number): Cidr {
  const hostBits = BigInt(addressBits(version) - length);
  return { version, first: (address >> hostBits) << hostBits, length };
}

/** The prefix behind a text that was read before, such as one that a store answered with: address, slash, length. */
export function toCidr(text: string): Cidr {
  const slash = text.indexOf('/');
  const { version, number } = parseIp(text.slice(0, slash));
  return { version, first: number, length: Number(text.slice(slash + 1)) };
}

const mapped = 0xffffn << 32n;

/** An address by RFC 5952: dotted only inside ::ffff:0:0/96. */
export function formatAddress(version: IpVersion, address: bigint): string {
  return stringifyIp({ version, number: address, ipv4mapped: version === 6 && address >> 32n === mapped >> 32n });
}

/** The canonical text, in which prefixes are kept and compared. */
export const formatCidr = (cidr: Cidr): string => `${formatAddress(cidr.version, cidr.first)}/${cidr.length}`;

export type Ipv6Display = 'compressed' | 'exploded';

/** An address as the config wants it shown. */
export function showAddress(version: IpVersion, address: bigint, display: Ipv6Display): string {
  if (version === 4 || display === 'compressed') return formatAddress(version, address);
  const digits = address.toString(16).padStart(32, '0');
  return (digits.match(/.{4}/g) ?? []).join(':');
}

export const showCidr = (cidr: Cidr, display: Ipv6Display): string =>
  `${showAddress(cidr.version, cidr.first, display)}/${cidr.length}`;
