import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { GatehouseError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { attributesInput } from '#resolvers/network/attributes/check.ts';
import { hostnameInput } from '#resolvers/network/devices/create.ts';
import type { RowKind } from '#resolvers/network/imports/inventory-import.ts';
import { failed, type SourceRow, type Verdict } from '#resolvers/network/imports/row.ts';
import type { Wish } from '#resolvers/network/imports/wish.ts';
import { prefixFields, readPrefix, stateInput } from '#resolvers/network/networks/input.ts';
import { perSettings } from '#resolvers/network/settings.ts';
import { siteDescription, siteName } from '#resolvers/network/sites/create.ts';

const siteText = z.string('site must be the name of a Site.').normalize('NFC');

function row<Shape extends z.ZodRawShape>(noun: string, shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `${(issue.keys as string[]).join(', ')}: a ${noun} has no such field.`
        : undefined,
  });
}

/** In a Site, and carrying attributes. */
const carrier = { site: siteText, attributes: attributesInput.optional() };

const schemas = perSettings((settings) => ({
  SITE: row('site', { name: siteName, description: siteDescription.optional() }),
  DEVICE: row('device', { ...carrier, hostname: hostnameInput.of(settings) }),
  NETWORK: row('network', { ...carrier, ...prefixFields, state: stateInput.optional() }).transform((given, check) =>
    readPrefix(given, check),
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
  const { kind, identity } = source;
  if (kind === 'UNKNOWN') throw new Error('A row without a kind has a verdict.');
  const located = kind !== 'SITE' && source.fields.site === undefined && site !== null;
  const fields = located ? { ...source.fields, site } : source.fields;
  try {
    const wish = parse(schemas(ctx)[kind] as z.ZodType<Omit<Wish, 'kind'>>, fields);
    return { kind, ...wish, ...(identity !== undefined && { identity }) } as Wish;
  } catch (error) {
    if (error instanceof GatehouseError) return failed(error);
    throw error;
  }
}
