import { addressBits, formatAddress, formatCidr, isHost, readAddress, truncate } from '#kernel/cidr.ts';
import type { Observable, ObservableKind } from '#resolvers/threat/observables/observable.ts';
import type { Equality } from '#resolvers/threat/observables/pattern.ts';

/**
 * An address or a prefix: canonical, without bits behind its length. Null for a text that is neither.
 * @param text with a length in digits, or without.
 */
export function addressOf(text: string): Observable | null {
  const [address = '', length, ...rest] = text.split('/', 3);
  const read = rest.length === 0 ? readAddress(address) : null;
  if (!read) return null;
  const bits = addressBits(read.version);
  if (length !== undefined && !(/^\d{1,3}$/.test(length) && Number(length) <= bits)) return null;
  const cidr = truncate(read.version, read.number, length === undefined ? bits : Number(length));
  return {
    kind: read.version === 4 ? 'IPV4_ADDR' : 'IPV6_ADDR',
    value: isHost(cidr) ? formatAddress(cidr.version, cidr.first) : formatCidr(cidr),
    hashAlgorithm: null,
    cidr: formatCidr(cidr),
  };
}

/** Lower case, without the dot of the root. */
export const domainOf = (text: string): Observable | null =>
  plain('DOMAIN_NAME', (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase());

/** As written, but for scheme and host, which mean the same in any case. */
export function urlOf(text: string): Observable | null {
  const scheme = /^[a-z][a-z0-9+.-]{0,40}:/i.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length);
  if (!rest.startsWith('//')) return plain('URL', scheme.toLowerCase() + rest);
  const end = rest.slice(2).search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end + 2);
  const host = Math.max(authority.lastIndexOf('@') + 1, 2);
  return plain(
    'URL',
    scheme.toLowerCase() +
      authority.slice(0, host) +
      authority.slice(host).toLowerCase() +
      rest.slice(authority.length),
  );
}

/** No algorithm has a longer name. */
const longestAlgorithm = 100;

/** @param algorithm as a pattern writes it: `SHA256`, `sha-256`. */
export function hashOf(algorithm: string, text: string): Observable | null {
  if (algorithm.length > longestAlgorithm || algorithm.includes('\u0000') || !algorithm.isWellFormed()) return null;
  const hashAlgorithm = algorithm.toUpperCase().replace(/^SHA(1|224|256|384|512)$/, 'SHA-$1');
  const found = plain('FILE_HASH', text.toLowerCase());
  return found && { ...found, hashAlgorithm };
}

const plain = (kind: ObservableKind, value: string): Observable | null =>
  value === '' ? null : { kind, value, hashAlgorithm: null, cidr: null };

const endpointOf = (text: string): Observable | null => addressOf(text) ?? domainOf(text);

/** What the values of properties are, by type of the object and path. */
const paths: Readonly<Record<string, (text: string) => Observable | null>> = {
  'ipv4-addr:value': addressOf,
  'ipv6-addr:value': addressOf,
  'network-traffic:src_ref.value': endpointOf,
  'network-traffic:dst_ref.value': endpointOf,
  'domain-name:resolves_to_refs.[].value': endpointOf,
  'domain-name:value': domainOf,
  'url:value': urlOf,
};

/** What an equality of a pattern looks for, or null where that is nothing that is kept. */
export function observableOf({ type, path, value }: Equality): Observable | null {
  if (value.includes('\u0000') || !value.isWellFormed()) return null;
  const [first, second = '', ...rest] = path;
  if (type === 'file' && first === 'hashes' && rest.length === 0) return hashOf(second, value);
  const name = `${type}:${path.join('.')}`;
  return Object.hasOwn(paths, name) ? (paths[name]?.(value) ?? null) : null;
}

/**
 * What a text may stand for that somebody looks for, in the normal forms of the kinds.
 * @param kind null for any that the text can be.
 */
export function soughtAs(text: string, kind: ObservableKind | null): readonly Observable[] {
  const forms: Readonly<Record<ObservableKind, () => Observable | null>> = {
    IPV4_ADDR: () => addressOf(text),
    IPV6_ADDR: () => addressOf(text),
    DOMAIN_NAME: () => domainOf(text),
    URL: () => urlOf(text),
    FILE_HASH: () => hashOf('', text),
  };
  const wanted: readonly ObservableKind[] = kind ? [kind] : ['IPV4_ADDR', 'DOMAIN_NAME', 'URL', 'FILE_HASH'];
  return wanted.flatMap((one) => forms[one]() ?? []).filter((found) => kind === null || found.kind === kind);
}
