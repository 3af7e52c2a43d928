import { z } from 'zod';
import {
  addressBits,
  type Cidr,
  formatCidr,
  type Reading,
  readAddress,
  readCidr,
  readParts,
  truncate,
} from '#kernel/cidr.ts';
import { idText, oneKey } from '#kernel/input.ts';
import { networkStates } from '#resolvers/network/networks/network.ts';

/** A prefix in any spelling; the value is its canonical text. */
export const cidrText = z.string('cidr must be a text.').transform((text, check) => {
  const read = readCidr(text);
  if ('value' in read) return formatCidr(read.value);
  check.addIssue(read.fault);
  return z.NEVER;
});

export const networkKey = oneKey({ id: idText, cidr: cidrText });

export const stateInput = z.enum(networkStates, `state must be one of ${networkStates.join(', ')}.`);

const wholeLength = z.int('prefixLength must be a whole number.');

export interface Parts {
  readonly cidr?: string | null | undefined;
  readonly networkAddress?: string | null | undefined;
  readonly prefixLength?: number | null | undefined;
}

/** The fields that say which network is meant: `cidr`, or its parts, or both when they agree. */
export const prefixFields = {
  cidr: z
    .string('cidr must be a text.')
    .check(({ value, issues }) => {
      const read = readCidr(value);
      if ('fault' in read) issues.push({ code: 'custom', message: read.fault, input: value });
    })
    .nullish(),
  networkAddress: z.string('networkAddress must be a text.').nullish(),
  prefixLength: wholeLength.nullish(),
};

/** Puts the canonical text in `cidr` in place of the three fields. */
export function readPrefix<Given extends Parts>(
  given: Given,
  check: z.RefinementCtx,
): Omit<Given, keyof Parts> & { cidr: string } {
  const { cidr, networkAddress, prefixLength, ...rest } = given;
  const read = readAll(cidr ?? null, networkAddress ?? null, prefixLength ?? null);
  if ('value' in read) return { ...rest, cidr: formatCidr(read.value) };
  check.addIssue({ code: 'custom', path: [read.at ?? 'cidr'], message: read.fault });
  return z.NEVER;
}

function readAll(
  cidr: string | null,
  networkAddress: string | null,
  prefixLength: number | null,
): Reading<Cidr> & { readonly at?: keyof Parts } {
  if (cidr !== null) return agreeing(readCidr(cidr), networkAddress, prefixLength);
  if (networkAddress === null && prefixLength === null)
    return { fault: 'Invalid CIDR: None. Must be IPv4/IPv6 notation.' };
  if (networkAddress === null) return { fault: 'networkAddress is missing beside prefixLength.', at: 'networkAddress' };
  if (prefixLength === null) return { fault: 'prefixLength is missing beside networkAddress.', at: 'prefixLength' };
  return { ...readParts(networkAddress, prefixLength), at: 'networkAddress' };
}

function agreeing(
  read: Reading<Cidr>,
  networkAddress: string | null,
  prefixLength: number | null,
): Reading<Cidr> & { readonly at?: keyof Parts } {
  if (!('value' in read)) return read;
  const { version, first, length } = read.value;
  const address = networkAddress === null ? null : readAddress(networkAddress.trim());
  if (networkAddress !== null && (address?.version !== version || address.number !== first))
    return { fault: 'networkAddress and cidr do not agree.', at: 'networkAddress' };
  if (prefixLength !== null && prefixLength !== length)
    return { fault: 'prefixLength and cidr do not agree.', at: 'prefixLength' };
  return read;
}

/** Every prefix that begins at an address: what a filter by address alone means. Null where the text is no address. */
export function prefixesAt(text: string): string[] | null {
  const address = readAddress(text.trim());
  if (!address) return null;
  const prefixes: string[] = [];
  for (let length = addressBits(address.version); length >= 0; length -= 1) {
    const cidr = truncate(address.version, address.number, length);
    if (cidr.first !== address.number) break;
    prefixes.push(formatCidr(cidr));
  }
  return prefixes;
}
