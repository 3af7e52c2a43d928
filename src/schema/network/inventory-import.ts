import { ImportRejectedError, PayloadTooLargeError } from '#kernel/errors.ts';
import { rowIdOf } from '#kernel/id.ts';
import { attributeCreated, attributeUpdated } from '#resolvers/network/attributes/attribute.ts';
import { circuitCreated, circuitUpdated } from '#resolvers/network/circuits/circuit.ts';
import { deviceCreated, deviceUpdated } from '#resolvers/network/devices/device.ts';
import { findImports, findRejected, listImports } from '#resolvers/network/imports/find.ts';
import { importInventory } from '#resolvers/network/imports/import.ts';
import type { ImportInput } from '#resolvers/network/imports/input.ts';
import {
  type InventoryImport,
  importCompleted,
  importFailed,
  importProgress,
  importStarted,
} from '#resolvers/network/imports/inventory-import.ts';
import { watchImport } from '#resolvers/network/imports/watch.ts';
import { interfaceCreated, interfaceUpdated } from '#resolvers/network/interfaces/interface.ts';
import { networkCreated, networkUpdated } from '#resolvers/network/networks/network.ts';
import { protocolTypeCreated, protocolTypeUpdated } from '#resolvers/network/protocol-types/protocol-type.ts';
import { protocolCreated, protocolUpdated } from '#resolvers/network/protocols/protocol.ts';
import { siteCreated, siteUpdated } from '#resolvers/network/sites/site.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { describeField } from '#schema/description.ts';
import { feed } from '#schema/feed.ts';
import { mutation } from '#schema/mutation.ts';
import { importTypes } from '#schema/network/inventory-import-types.ts';
import { oneThing } from '#schema/success.ts';

/** Real data in: the import, its record, and what became of its rows. */
export function inventoryImports(builder: Builder): void {
  importTypes(builder);
  builder.objectType(ImportRejectedError, {
    name: 'ImportRejectedError',
    description: 'Rows of an import failed and nothing was written. Correct them, or import with `onError: SKIP_ROW`.',
    interfaces: ['Error'],
    fields: (t) => ({
      import: t.field({
        type: 'InventoryImport',
        description: 'The import with all rows that failed.',
        resolve: (error, _, ctx) => ctx.load(findRejected, error.importId) as Promise<InventoryImport>,
      }),
    }),
  });
  builder.queryFields((t) => ({
    inventoryImport: t.field({
      type: 'InventoryImport',
      nullable: true,
      description: 'The import with this id; null when the viewer may see none.',
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      resolve: (_, { id }, ctx) => {
        const rowId = rowIdOf('InventoryImport', id);
        return rowId === null ? null : ctx.load(findImports, rowId);
      },
    }),
    inventoryImports: connection(builder, t, 'InventoryImport', {
      description: describeField({
        description: 'The viewer’s own imports, newest first; with unscoped network:admin those of everybody.',
        needs: 'network:read',
      }),
      resolve: (_, __, page, ctx) => listImports(ctx, page),
    }),
  }));
  feed(builder, 'inventoryImportProgressed', {
    description:
      'How far an import is: first as it stands, then as it goes on, and how it ends; the stream is complete then. For whoever asked for the import, and with unscoped network:admin.',
    args: (arg) => ({ id: arg.id({ required: true, description: 'The import.' }) }),
    events: [importStarted, importCompleted, importFailed],
    present: importProgress,
    select: (ctx, { id }) => watchImport(ctx, id),
  });
  importMutation(builder);
}

function importMutation(builder: Builder): void {
  const netbox = builder.inputType('NetboxImportInput', {
    description: 'How NetBox is brought together with Sites.',
    fields: (t) => ({
      layout: t.field({ type: 'NetboxLayout' as never, description: 'LOCATION unless said.' }),
      siteName: t.string({ description: 'The Site of everything, in layout NAMESPACE: `NetBox` unless said.' }),
      globalName: t.string({
        description: 'The Site of prefixes that lie in no site, in layout LOCATION: `Global` unless said.',
      }),
      aggregates: t.boolean({ description: 'Whether aggregates become networks.' }),
    }),
  });
  const defaults = builder.inputType('InventoryImportDefaultsInput', {
    description: 'For what a row does not say, where it makes something.',
    fields: (t) => ({
      state: t.field({ type: 'NetworkState' as never, description: 'Of networks.' }),
      attributes: t.field({
        type: 'Attributes',
        description: 'Of everything that carries attributes: what a row says of one goes before.',
      }),
    }),
  });
  mutation(builder, 'inventoryImport', {
    description:
      'Brings the inventory to what a file says: makes what is missing and changes what differs, never deletes. All rows or none, unless told otherwise; the same text again changes nothing.',
    needs: 'the rights of every row, and network:admin where Sites or definitions are made',
    emits: [
      importStarted,
      importCompleted,
      importFailed,
      siteCreated,
      siteUpdated,
      attributeCreated,
      attributeUpdated,
      protocolTypeCreated,
      protocolTypeUpdated,
      deviceCreated,
      deviceUpdated,
      networkCreated,
      networkUpdated,
      interfaceCreated,
      interfaceUpdated,
      circuitCreated,
      circuitUpdated,
      protocolCreated,
      protocolUpdated,
    ],
    errors: [PayloadTooLargeError, ImportRejectedError],
    input: (t) => ({
      text: t.string({ required: true, description: 'The file.' }),
      format: t.field({ type: 'InventoryImportFormat' as never, required: true, description: 'What it is.' }),
      site: t.field({ type: 'SiteKey', description: 'The Site of rows that name none.' }),
      kind: t.field({ type: 'InventoryImportKind' as never, description: 'The kind of rows that do not say it.' }),
      dryRun: t.boolean({ description: 'Only say what would be done.' }),
      onError: t.field({ type: 'InventoryImportOnError' as never, description: 'ABORT unless said.' }),
      onExisting: t.field({ type: 'InventoryImportOnExisting' as never, description: 'UPDATE unless said.' }),
      defaults: t.field({ type: defaults, description: 'For what rows do not say.' }),
      baseNetworks: t.field({
        type: ['Cidr'],
        description: 'Networks that are made first in `site` when missing, so that addresses lie in one.',
      }),
      wait: t.boolean({
        description:
          'True unless said: the answer waits for the end, as long as a request may take. Else it holds the import as it runs: follow `inventoryImportProgressed`.',
      }),
      netbox: t.field({ type: netbox, description: 'For the format NETBOX.' }),
    }),
    success: oneThing('import', 'InventoryImport'),
    resolve: async (ctx, input) => ({ import: await importInventory(ctx, input as ImportInput) }),
  });
}
