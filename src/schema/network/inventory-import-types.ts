import { encodeCursor } from '#kernel/event.ts';
import type { LogPosition } from '#kernel/feed.ts';
import { findImports, listNotes } from '#resolvers/network/imports/find.ts';
import { netboxLayouts, onErrors, onExistings } from '#resolvers/network/imports/input.ts';
import {
  countedKinds,
  type ImportFormat,
  type ImportNote,
  type ImportPhase,
  type ImportState,
  type ImportTotals,
  type InventoryImport,
  importFormats,
  importPhases,
  importStates,
  type KindCounts,
  outcomes,
  type RowOutcome,
  type TellingProgress,
} from '#resolvers/network/imports/inventory-import.ts';
import { logPosition, progressOf } from '#resolvers/network/imports/watch.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    InventoryImport: InventoryImport;
    InventoryImportRow: ImportNote;
    /** Without a position where it is asked for: then it is where the log ends. */
    InventoryImportProgress: { readonly at: LogPosition | null; readonly state: TellingProgress };
    InventoryImportCounts: KindCounts;
    InventoryImportWarning: ImportTotals['warnings'][number];
    InventoryImportIgnored: ImportTotals['ignored'][number];
  }
}

/** What is kept of an import. */
export function importTypes(builder: Builder): void {
  enums(builder);
  parts(builder);
  importType(builder);
}

/** An enum whose values are listed where the behaviour knows them. */
function enumOf<Value extends string>(
  builder: Builder,
  name: string,
  description: string,
  values: readonly Value[],
  meanings: Readonly<Record<Value, string>>,
): void {
  builder.enumType(name, {
    description,
    values: Object.fromEntries(values.map((value) => [value, { description: meanings[value] }])) as never,
  });
}

const formats: Readonly<Record<ImportFormat, string>> = {
  NETBOX: 'An export of NetBox: a JSON array of `{model, pk, fields}`.',
  JSON: 'A JSON array of rows, or one row a line: `{"kind": "device", "site": "SJC", "hostname": "r1"}`.',
  CSV: 'RFC 4180 with a row of names: `kind`, `site`, and the fields of each kind.',
  PREFIX_LIST: 'One network a line; `#` begins a comment.',
};

const states: Readonly<Record<ImportState, string>> = {
  QUEUED: 'It waits for a worker to take it.',
  RUNNING: 'It is at work.',
  COMPLETED: 'It came to its end. With `SKIP_ROW` it may hold failed rows.',
  REJECTED: 'Rows failed, and nothing was written. Those that did not fail count as skipped.',
  FAILED: 'It broke off, and nothing was written.',
};

const phases: Readonly<Record<ImportPhase, string>> = {
  READ: 'The text is read.',
  VALIDATE: 'The rows are held against the inventory.',
  APPLY: 'They are written, in one transaction.',
  DONE: 'It has ended.',
};

const outcomeMeanings: Readonly<Record<RowOutcome, string>> = {
  CREATED: 'It made something.',
  UPDATED: 'It changed something.',
  UNCHANGED: 'All was as it says already.',
  SKIPPED: 'It was left aside on purpose.',
  FAILED: 'It breaks a rule, or a right is missing.',
};

function enums(builder: Builder): void {
  enumOf(builder, 'InventoryImportFormat', 'What the text of an import is.', importFormats, formats);
  enumOf(builder, 'InventoryImportState', 'Where an import is.', importStates, states);
  enumOf(builder, 'InventoryImportPhase', 'What an import does at the moment.', importPhases, phases);
  enumOf(builder, 'InventoryImportOutcome', 'What became of a row.', outcomes, outcomeMeanings);
  enumOf(builder, 'InventoryImportKind', 'What a row is about.', countedKinds, {
    SITE: 'A Site.',
    ATTRIBUTE: 'A definition of what things may carry.',
    PROTOCOL_TYPE: 'A type of protocols.',
    DEVICE: 'A device.',
    NETWORK: 'A network or a host address.',
    INTERFACE: 'An interface of a device, with its addresses.',
    CIRCUIT: 'A circuit, with its ends.',
    PROTOCOL: 'A protocol on a device.',
    UNKNOWN: 'The row does not say it. No row is imported as this.',
  });
  enumOf(builder, 'InventoryImportOnError', 'What a failed row means for the others.', onErrors, {
    ABORT: 'Nothing is written.',
    SKIP_ROW: 'The others are written, save those that need the failed one.',
  });
  enumOf(builder, 'InventoryImportOnExisting', 'What happens to what exists already.', onExistings, {
    UPDATE: 'It gets what the row gives; the rest is left.',
    KEEP: 'It is left as it is, and the row is skipped where it says something else.',
    FAIL: 'The row fails.',
  });
  enumOf(builder, 'NetboxLayout', 'What a Site stands for when NetBox is imported.', netboxLayouts, {
    LOCATION: 'Each site of NetBox is a Site, and so is each VRF in use.',
    NAMESPACE: 'One Site holds everything outside VRFs.',
  });
}

function parts(builder: Builder): void {
  builder.objectType('InventoryImportProgress', {
    description: 'How far an import is.',
    interfaces: ['LiveItem'] as never,
    fields: (t) => ({
      cursor: t.field({
        type: 'EventCursor',
        description: 'The place to resume after: the position at which it was so.',
        resolve: async ({ at }, _, ctx) => encodeCursor(at ?? (await logPosition(ctx))),
      }),
      phase: t.field({
        type: 'InventoryImportPhase' as never,
        description: 'What it does.',
        resolve: ({ state }) => state.phase as never,
      }),
      done: t.int({
        description: 'How many rows it is through with in this phase.',
        resolve: ({ state }) => state.done,
      }),
      total: t.int({ description: 'How many rows there are.', resolve: ({ state }) => state.total }),
      counts: t.field({
        type: ['InventoryImportCounts'],
        description: 'What became of them in this phase so far, by kind.',
        resolve: ({ state }) => state.counts,
      }),
    }),
  });
  builder.objectType('InventoryImportCounts', {
    description: 'How many rows of a kind came to which outcome.',
    fields: (t) => ({
      kind: t.field({
        type: 'InventoryImportKind' as never,
        description: 'What the rows are about.',
        resolve: (counts) => counts.kind as never,
      }),
      created: t.exposeInt('created', { description: 'Things that were made.' }),
      updated: t.exposeInt('updated', { description: 'Things that were changed.' }),
      unchanged: t.exposeInt('unchanged', { description: 'Rows that changed nothing.' }),
      skipped: t.exposeInt('skipped', { description: 'Rows that were left aside.' }),
      failed: t.exposeInt('failed', { description: 'Rows that failed.' }),
    }),
  });
  builder.objectType('InventoryImportWarning', {
    description: 'How often something had to be done otherwise than the text says.',
    fields: (t) => ({
      code: t.exposeString('code', { description: 'Stable, for programs: `HOSTNAME_CHANGED`.' }),
      count: t.exposeInt('count', { description: 'How many rows.' }),
    }),
  });
  builder.objectType('InventoryImportIgnored', {
    description: 'How many rows are of a model that is not imported.',
    fields: (t) => ({
      model: t.exposeString('model', { description: 'The model, as the export calls it.' }),
      count: t.exposeInt('count', { description: 'How many rows.' }),
    }),
  });
  builder.objectType('InventoryImportRow', {
    description: 'A row that failed, was skipped or carries a warning.',
    fields: (t) => ({
      row: t.exposeInt('row', {
        nullable: true,
        description: 'Its index from 0, or its line from 1; null for what the import added by itself.',
      }),
      kind: t.field({
        type: 'InventoryImportKind' as never,
        description: 'What it is about.',
        resolve: (note) => note.kind as never,
      }),
      ref: t.exposeString('ref', { description: 'How the text calls it.' }),
      outcome: t.field({
        type: 'InventoryImportOutcome' as never,
        description: 'What became of it.',
        resolve: (note) => note.outcome as never,
      }),
      code: t.exposeString('code', { description: 'Stable, for programs.' }),
      message: t.exposeString('message', { description: 'One sentence for people.' }),
      path: t.exposeStringList('path', { description: 'The field of the row at fault; empty when none is.' }),
    }),
  });
}

function importType(builder: Builder): void {
  node(builder, 'InventoryImport', {
    description: 'One run of an import, or of its rehearsal.',
    find: findImports,
    fields: (t) => ({
      format: t.field({
        type: 'InventoryImportFormat' as never,
        description: 'What the text was.',
        resolve: (run) => run.format as never,
      }),
      dryRun: t.exposeBoolean('dryRun', { description: 'Whether it only said what it would do.' }),
      state: t.field({
        type: 'InventoryImportState' as never,
        description: 'Where it is.',
        resolve: (run) => run.state as never,
      }),
      actor: t.field({ type: 'Actor', description: 'Who asked for it.', resolve: (run) => run.actor }),
      startedAt: t.field({ type: 'DateTime', description: 'When it began.', resolve: (run) => run.startedAt }),
      finishedAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When it ended; null while it runs.',
        resolve: (run) => run.finishedAt,
      }),
      progress: t.field({
        type: 'InventoryImportProgress',
        description: 'How far it is.',
        resolve: (run, _, ctx) => ({ at: null, state: progressOf(ctx, run) }),
      }),
      counts: t.field({
        type: ['InventoryImportCounts'],
        description: 'What became of the rows, by kind; empty while it runs.',
        resolve: (run) => run.counts,
      }),
      warnings: t.field({
        type: ['InventoryImportWarning'],
        description: 'How often each warning was given.',
        resolve: (run) => run.warnings,
      }),
      ignored: t.field({
        type: ['InventoryImportIgnored'],
        description: 'Rows of models that are not imported.',
        resolve: (run) => run.ignored,
      }),
      rows: connection(builder, t as never, 'InventoryImportRow', {
        description: 'The rows that failed, were skipped or carry a warning, in the order of the text.',
        args: {
          outcome: t.arg({ type: 'InventoryImportOutcome' as never, description: 'Only with this outcome.' }),
          code: t.arg.string({ description: 'Only with this code.' }),
        },
        resolve: (run: InventoryImport, args, page, ctx) => {
          const { outcome, code } = args as { outcome?: RowOutcome | null; code?: string | null };
          return listNotes(ctx, run, { ...(outcome && { outcome }), ...(code != null && { code }) }, page);
        },
      }),
    }),
  });
}
