import type { Ipv6Display } from '#kernel/cidr.ts';
import type { Context } from '#kernel/context.ts';
import type { Pattern } from '#kernel/pattern.ts';
import { definePort } from '#kernel/port.ts';

/** What an interface is, by its number in the IF-MIB list. */
export interface InterfaceType {
  readonly id: number;
  readonly name: string;
}

/** What the config says of this domain. */
export interface NetworkSettings {
  readonly hostname: {
    readonly allowFqdn: boolean;
    readonly allowUnderscore: boolean;
    /** Takes the place of the DNS rules; matched against the whole name. */
    readonly pattern: Pattern | null;
  };
  readonly ipv6: { readonly display: Ipv6Display };
  readonly interface: {
    /** The types there are, with their numbers in the IF-MIB list. */
    readonly types: readonly InterfaceType[];
    /** What an interface gets of which nothing is said. */
    readonly defaultType: number;
    readonly defaultSpeed: number | null;
    readonly defaultMac: string | null;
  };
  /** The state of an address that lost its last interface. */
  readonly release: { readonly state: 'ORPHANED' | 'ALLOCATED' };
  /** The most networks or addresses that are offered or taken at once. */
  readonly allocate: { readonly max: number };
  readonly attribute: {
    /** What names of attributes must match; found in them. */
    readonly namePattern: Pattern;
  };
  /** The most terms and characters of a set query. */
  readonly query: { readonly maxTerms: number; readonly maxLength: number };
  /** The most items of one bulk call. */
  readonly bulk: { readonly max: number };
  readonly import: {
    /** The most bytes of a text. */
    readonly maxBytes: number;
    /** The most rows in a text. */
    readonly maxRows: number;
    /** How many outcomes of rows are kept of one import. */
    readonly keepOutcomes: number;
    /** Milliseconds that a request waits for the end of its import. */
    readonly wait: number;
  };
}

export const networkSettings = definePort<NetworkSettings>('network.settings');

/** A schema that depends on the config: made once for each settings, and had by the context. */
export interface PerSettings<T> {
  (ctx: Context): T;
  of(settings: NetworkSettings): T;
}

export function perSettings<T>(make: (settings: NetworkSettings) => T): PerSettings<T> {
  const made = new WeakMap<NetworkSettings, T>();
  const of = (settings: NetworkSettings): T => {
    const value = made.get(settings) ?? make(settings);
    made.set(settings, value);
    return value;
  };
  return Object.assign((ctx: Context) => of(ctx.use(networkSettings)), { of });
}
