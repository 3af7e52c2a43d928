import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { GatehouseError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { hostnameInput } from '#resolvers/network/devices/create.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import type { RowKind } from '#resolvers/network/imports/inventory-import.ts';
import { failed, type SourceRow, type Verdict } from '#resolvers/network/imports/row.ts';
import { prefixFields, readPrefix, stateInput } from '#resolvers/network/networks/input.ts';
import type { NetworkState } from '#resolvers/network/networks/network.ts';
import { perSettings } from '#resolvers/network/settings.ts';
import { siteDescription, siteName } from '#resolvers/network/sites/create.ts';

/** What a good row asks for. What it does not say is absent. */
export interface SiteWish {
  readonly kind: 'SITE';
  readonly name: string;
  readonly description?: string | undefined;
}

export interface DeviceWish {
  readonly kind: 'DEVICE';
  /** The name of the Site. */
  readonly site: string;
  readonly hostname: string;
}

export interface NetworkWish {
  readonly kind: 'NETWORK';
  readonly site: string;
  /** In canonical form. */
  readonly cidr: string;
  readonly state?: NetworkState | undefined;
}

export type Wish = SiteWish | DeviceWish | NetworkWish;

/** Definitions are not invented by a file, and none can be made yet: so no name of an attribute is known. */
const attributes = z
  .record(z.string(), z.unknown(), 'attributes must be an object.')
  .check(({ value, issues }) => {
    for (const name of Object.keys(value))
      issues.push({ code: 'custom', path: [name], message: `Attribute name (${name}) does not exist.`, input: value });
  })
  .optional();

const siteText = z.string('site must be the name of a Site.').normalize('NFC');

function row<Shape extends z.ZodRawShape>(noun: string, shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `${(issue.keys as string[]).join(', ')}: a ${noun} has no such field.`
        : undefined,
  });
}

const schemas = perSettings((settings) => ({
  SITE: row('site', { name: siteName, description: siteDescription.optional() }),
  DEVICE: row('device', { site: siteText, hostname: hostnameInput.of(settings), attributes }).transform(
    ({ attributes: _, ...wish }) => wish,
  ),
  NETWORK: row('network', { site: siteText, ...prefixFields, state: stateInput.optional(), attributes }).transform(
    ({ attributes: _, ...given }, check) => readPrefix(given, check),
  ),
}));

/** What each kind of row may say, besides `attributes`. */
export const fieldsOf: Readonly<Record<RowKind, readonly string[]>> = {
  SITE: ['name', 'description'],
  DEVICE: ['site', 'hostname'],
  NETWORK: ['site', ...Object.keys(prefixFields), 'state'],
};

/**
 * What a row asks for, or why it fails.
 * @param site the name of the Site for rows that name none.
 */
export function readWish(ctx: Context, source: SourceRow, site: string | null): Wish | Verdict {
  if (source.verdict) return source.verdict;
  const { kind } = source;
  if (kind === 'UNKNOWN') throw new Error('A row without a kind has a verdict.');
  const located = kind !== 'SITE' && source.fields.site === undefined && site !== null;
  const fields = located ? { ...source.fields, site } : source.fields;
  try {
    return { kind, ...parse(schemas(ctx)[kind] as z.ZodType<Omit<Wish, 'kind'>>, fields) } as Wish;
  } catch (error) {
    if (error instanceof GatehouseError) return failed(error);
    throw error;
  }
}

/** Equal for wishes about one object. */
export function identityOf(wish: Wish): string {
  if (wish.kind === 'SITE') return JSON.stringify([wish.kind, wish.name]);
  const key = wish.kind === 'DEVICE' ? foldHostname(wish.hostname) : wish.cidr;
  return JSON.stringify([wish.kind, wish.site, key]);
}
