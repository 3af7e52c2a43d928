import { z } from 'zod';
import { attributesInput } from '#resolvers/network/attributes/check.ts';
import { importFormats, rowKinds } from '#resolvers/network/imports/inventory-import.ts';
import { cidrText, stateInput } from '#resolvers/network/networks/input.ts';
import { siteName } from '#resolvers/network/sites/create.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

export const onErrors = ['ABORT', 'SKIP_ROW'] as const;
export const onExistings = ['UPDATE', 'KEEP', 'FAIL'] as const;
export const netboxLayouts = ['LOCATION', 'NAMESPACE'] as const;

const orElse = <Schema extends z.ZodType>(schema: Schema, fallback: z.output<Schema>) =>
  schema.nullish().transform((value) => value ?? fallback);

const netbox = z.object({
  layout: orElse(z.enum(netboxLayouts), 'LOCATION'),
  siteName: orElse(siteName, 'NetBox'),
  globalName: orElse(siteName, 'Global'),
  aggregates: orElse(z.boolean(), false),
});

/** What an import is told. */
export const importInput = z.object({
  text: z.string('text must be a text.'),
  format: z.enum(importFormats),
  /** For rows that name none. */
  site: siteKey.nullish(),
  /** For rows that do not say it. */
  kind: z.enum(rowKinds).nullish(),
  dryRun: orElse(z.boolean(), false),
  onError: orElse(z.enum(onErrors), 'ABORT'),
  onExisting: orElse(z.enum(onExistings), 'UPDATE'),
  /** For what a row does not say, where it creates something. */
  defaults: z.object({ state: stateInput.nullish(), attributes: attributesInput.nullish() }).nullish(),
  /** Created first in the Site of `site` when missing. */
  baseNetworks: orElse(z.array(cidrText).max(1000, 'At most 1000 base networks are given.'), []),
  /** Whether the answer waits for the end, as long as a request may take. */
  wait: orElse(z.boolean(), true),
  netbox: netbox.nullish().transform((given) => given ?? netbox.parse({})),
});

export type ImportInput = z.input<typeof importInput>;
export type ImportOrder = z.output<typeof importInput>;
export type NetboxOrder = ImportOrder['netbox'];
