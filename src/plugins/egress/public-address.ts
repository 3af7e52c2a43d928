import { isIP } from 'node:net';
import { parseIp, stringifyIp } from 'ip-bigint';
import { networkSet } from '#kernel/addresses.ts';

/** What is no public IPv4 unicast, after the IANA registry of special-purpose addresses. */
const special4 = networkSet([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]);

/** The only part of IPv6 that is routed between networks; loopback, unique-local, link-local and multicast lie outside. */
const global6 = networkSet(['2000::/3']);

/** Protocol assignments with Teredo and benchmarking, documentation, and the former 6bone. */
const special6 = networkSet(['2001::/23', '2001:db8::/32', '3fff::/20', '3ffe::/16']);

/** Forms of IPv6 that lead to an IPv4 address: how many bits stand behind that address. */
const carriers = [
  { networks: networkSet(['64:ff9b::/96']), shift: 0n },
  { networks: networkSet(['2002::/16']), shift: 80n },
];

/**
 * Whether an address belongs to the public internet, so that a stranger could reach it as well as this host can.
 * An IPv4 address inside IPv6 (mapped, NAT64, 6to4) is judged as itself. False for what is no address.
 */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 0 || address.includes('%')) return false;
  if (version === 4) return !special4.contains(address);
  const number = parseIp(address).number;
  if (number >> 32n === 0xffffn) return isPublicAddress(ipv4Of(number));
  const carrier = carriers.find(({ networks }) => networks.contains(address));
  if (carrier) return isPublicAddress(ipv4Of(number >> carrier.shift));
  return global6.contains(address) && !special6.contains(address);
}

const ipv4Of = (number: bigint): string => stringifyIp({ number: number & 0xffff_ffffn, version: 4 });
