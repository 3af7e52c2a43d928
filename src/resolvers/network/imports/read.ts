import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { readCsv } from '#resolvers/network/imports/formats/csv.ts';
import { readJsonRows } from '#resolvers/network/imports/formats/json.ts';
import { readPrefixList } from '#resolvers/network/imports/formats/prefix-list.ts';
import { checkRowCount, checkSize, withoutMark } from '#resolvers/network/imports/formats/text.ts';
import type { ImportOrder } from '#resolvers/network/imports/input.ts';
import { readNetbox } from '#resolvers/network/imports/netbox/read.ts';
import type { Reading, SourceRow } from '#resolvers/network/imports/row.ts';
import { networkSettings } from '#resolvers/network/settings.ts';
import { sitesByKey, unknownSite } from '#resolvers/network/sites/find.ts';

/** A file as it was read, with the Site for rows that name none. */
export interface ReadOrder {
  readonly reading: Reading;
  readonly site: string | null;
}

/**
 * Reads the text of an import.
 * @throws InputError for a text that is none of its format and for a Site that neither exists nor is in the text;
 * PayloadTooLargeError.
 */
export async function readOrder(ctx: Context, order: ImportOrder): Promise<ReadOrder> {
  const settings = ctx.use(networkSettings);
  checkSize(order.text, settings.import.maxBytes);
  const reading = readText(ctx, order);
  checkRowCount(
    [...reading.ignored.values()].reduce((sum, count) => sum + count, reading.rows.length),
    settings.import.maxRows,
  );
  const site = await usualSite(ctx, order, reading);
  const bases = order.baseNetworks.map(
    (cidr): SourceRow => ({ row: null, kind: 'NETWORK', ref: cidr, fields: { site, cidr }, implied: true }),
  );
  // Behind the rows of the file: where both ask for one network, it is the file's.
  return { reading: { ...reading, rows: [...reading.rows, ...bases] }, site };
}

function readText(ctx: Context, { text: given, format, kind = null, netbox }: ImportOrder): Reading {
  const text = withoutMark(given);
  switch (format) {
    case 'NETBOX':
      return readNetbox(text, netbox, ctx.use(networkSettings));
    case 'JSON':
      return readJsonRows(text, kind);
    case 'CSV':
      return readCsv(text, kind);
    case 'PREFIX_LIST':
      return readPrefixList(text);
  }
}

async function usualSite(ctx: Context, order: ImportOrder, reading: Reading): Promise<string | null> {
  const { site: key } = order;
  if (!key) {
    const needed = order.format === 'PREFIX_LIST' || order.baseNetworks.length > 0;
    if (needed) throw InputError.at(['site'], 'Give a site: nothing in the text says where its networks lie.');
    return null;
  }
  const [site] = await sitesByKey(ctx, [key]);
  if (site) return site.name;
  const inText = 'name' in key && reading.rows.some(({ kind, fields }) => kind === 'SITE' && fields.name === key.name);
  if (!inText) throw new InputError([unknownSite(key, ['site'])]);
  return key.name;
}
