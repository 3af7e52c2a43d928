import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { type NetworkSet, networkSet } from '#kernel/addresses.ts';
import { EgressError } from '#kernel/egress.ts';
import { isPublicAddress } from '#plugins/egress/public-address.ts';

/** All addresses of a name. @throws Error when it has none. */
export type Resolve = (name: string) => Promise<readonly LookupAddress[]>;

/** What the config opens beside the public internet. */
export interface Allowed {
  readonly hosts: ReadonlySet<string>;
  readonly networks: NetworkSet;
}

/** @param entries host names, and addresses or networks. */
export const allowed = (entries: readonly string[]): Allowed => ({
  hosts: new Set(entries.filter((entry) => !isAddressText(entry)).map((entry) => entry.toLowerCase())),
  networks: networkSet(entries.filter(isAddressText)),
});

const isAddressText = (entry: string): boolean => isIP(entry.split('/')[0] ?? '') !== 0;

/** A URL that was judged, and the addresses a connection may go to. */
export interface Target {
  readonly url: URL;
  readonly addresses: readonly LookupAddress[];
}

/**
 * Judges a URL and every address of its host.
 * @throws EgressError BLOCKED_ADDRESS when it is no target, CONNECT when its name cannot be resolved.
 */
export async function judge(text: string, { hosts, networks }: Allowed, resolve: Resolve): Promise<Target> {
  const url = readUrl(text);
  const host = hostOf(url);
  const addresses = isIP(host) ? [{ address: host, family: isIP(host) }] : await resolved(host, resolve);
  const opened = hosts.has(host) || addresses.every(({ address }) => networks.contains(address));
  if (!opened && url.protocol !== 'https:') throw blocked('Only https is allowed.');
  const refused = addresses.find(({ address }) => !(opened || networks.contains(address) || isPublicAddress(address)));
  if (refused)
    throw blocked(
      `${host === refused.address ? host : `${host} leads to ${refused.address}, which`} is no public address. An administrator can open it with \`hooks.allow\`.`,
    );
  return { url, addresses };
}

function readUrl(text: string): URL {
  // The parser of the platform turns every notation of an IPv4 address (decimal, octal, hex, short) into the dotted one.
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw blocked('This is no absolute URL.');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw blocked('Only https is allowed.');
  if (url.username !== '' || url.password !== '') throw blocked('A URL must not hold a user name or password.');
  return url;
}

/** Without the brackets of IPv6 and the dot that ends a full name. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');

async function resolved(host: string, resolve: Resolve): Promise<readonly LookupAddress[]> {
  const addresses = await resolve(host).catch((error: unknown) => {
    throw new EgressError('CONNECT', `The name ${host} cannot be resolved.`, { cause: error });
  });
  if (addresses.length === 0) throw new EgressError('CONNECT', `The name ${host} has no address.`);
  return addresses;
}

const blocked = (message: string) => new EgressError('BLOCKED_ADDRESS', message);
