import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

/** Whether a text is an address, or a network as address and prefix length. */
export function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (version === 4 ? 32 : 128));
}

/** One entry of a list of networks: `10.0.0.0/8`, `2001:db8::/32` or a single address. */
export const networkText = () =>
  z.string().refine(isNetwork, 'is neither an address nor a network such as 10.0.0.0/8 or 2001:db8::/32.');

/** A set of networks that is asked whether an address lies in it. IPv4 inside IPv6 counts as IPv4. */
export interface NetworkSet {
  contains(address: string | null): boolean;
}

/** @param networks texts that `isNetwork` accepts. */
export function networkSet(networks: readonly string[]): NetworkSet {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', length] = plain(network).split('/');
    const version = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (length === undefined) list.addAddress(address, version);
    else list.addSubnet(address, Number(length), version);
  }
  return {
    contains(address) {
      const text = address === null ? '' : plain(address);
      const version = isIP(text);
      return version !== 0 && list.check(text, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** Without a zone, and without the prefix that carries IPv4 in IPv6. */
const plain = (text: string): string => text.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
