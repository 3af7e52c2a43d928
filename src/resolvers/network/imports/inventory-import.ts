import { z } from 'zod';
import { type Actor, defineEvent, shownAs } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { Page, PageRequest } from '#kernel/page.ts';
import { definePort } from '#kernel/port.ts';
import { definePresent } from '#kernel/present.ts';

/**
 * Words. *Row*: one entry of the file, with its position in it. *Outcome*: what became of a row. *Note*: a row that
 * failed, was skipped or carries a warning, as it is kept and listed.
 */
export const importFormats = ['NETBOX', 'JSON', 'CSV', 'PREFIX_LIST'] as const;
export type ImportFormat = (typeof importFormats)[number];

export const importStates = ['QUEUED', 'RUNNING', 'COMPLETED', 'REJECTED', 'FAILED'] as const;
export type ImportState = (typeof importStates)[number];
export type EndState = Exclude<ImportState, 'QUEUED' | 'RUNNING'>;

export const importPhases = ['READ', 'VALIDATE', 'APPLY', 'DONE'] as const;
export type ImportPhase = (typeof importPhases)[number];

/** In the order in which they are settled: each may need those before it. */
export const rowKinds = [
  'SITE',
  'ATTRIBUTE',
  'PROTOCOL_TYPE',
  'DEVICE',
  'NETWORK',
  'INTERFACE',
  'CIRCUIT',
  'PROTOCOL',
] as const;
export type RowKind = (typeof rowKinds)[number];

/** What rows are counted by. `UNKNOWN`: a row that does not say what it is. */
export const countedKinds = [...rowKinds, 'UNKNOWN'] as const;
export type CountedKind = (typeof countedKinds)[number];

export const outcomes = ['CREATED', 'UPDATED', 'UNCHANGED', 'SKIPPED', 'FAILED'] as const;
export type RowOutcome = (typeof outcomes)[number];

const kindCounts = z.object({
  kind: z.enum(countedKinds),
  created: z.number().int(),
  updated: z.number().int(),
  unchanged: z.number().int(),
  skipped: z.number().int(),
  failed: z.number().int(),
});
export type KindCounts = z.output<typeof kindCounts>;

const codeCount = z.object({ code: z.string(), count: z.number().int() });
const modelCount = z.object({ model: z.string(), count: z.number().int() });

/** What came of the rows, by number. */
export interface ImportTotals {
  /** In the order of `countedKinds`, without kinds that have no row. */
  readonly counts: readonly KindCounts[];
  readonly warnings: readonly z.output<typeof codeCount>[];
  /** Rows of models that no import knows. */
  readonly ignored: readonly z.output<typeof modelCount>[];
}

/** How far an import is. */
export interface ImportProgress {
  readonly phase: ImportPhase;
  readonly done: number;
  readonly total: number;
}

/** How far an import is, with what came of the rows so far; told while it is at work. */
export interface TellingProgress extends ImportProgress {
  /** In the order of `countedKinds`, without kinds that have no row yet. */
  readonly counts: readonly KindCounts[];
}

/** At the start, at each change of phase, otherwise at most 4 times a second. */
export const importProgress = definePresent<TellingProgress>('InventoryImportProgress');

/** One run of an import. It is kept for dry runs too. */
export interface InventoryImport extends ImportTotals {
  readonly id: string;
  readonly format: ImportFormat;
  readonly dryRun: boolean;
  readonly state: ImportState;
  /** Who asked for it; without an account it was the gateway itself. */
  readonly actor: Actor;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** When it last told how far it is. */
  readonly touchedAt: string;
  readonly progress: ImportProgress;
}

/** A row as it is kept. */
export interface ImportNote {
  /** Its index from 0, or its line from 1 in formats by line; null for what the import adds by itself. */
  readonly row: number | null;
  readonly kind: CountedKind;
  /** How the file calls it. */
  readonly ref: string;
  readonly outcome: RowOutcome;
  /** The code of an error or of a warning. */
  readonly code: string;
  readonly message: string;
  /** The field of the row at fault; empty when none is. */
  readonly path: readonly string[];
}

export interface NoteFilter {
  readonly outcome?: RowOutcome;
  readonly code?: string;
}

/** An import whose turn came. */
export interface StartedImport {
  readonly started: InventoryImport;
  /** What was asked, sealed. */
  readonly order: string;
}

/** What this domain asks of the storage of imports. */
export interface ImportStore {
  getMany(ids: readonly string[]): Promise<(InventoryImport | null)[]>;
  /**
   * Newest first; positions are `[id]`.
   * @param account row id of the account whose imports are meant; null: everybody's.
   */
  page(account: string | null, request: PageRequest): Promise<Page<InventoryImport>>;
  /** A page of the notes of each import, in their order, in one read however many. */
  notes(importIds: readonly string[], filter: NoteFilter, request: PageRequest): Promise<Page<ImportNote>[]>;
  /** @param order what was asked, sealed: kept with one that waits for its turn, until it ends. */
  insert(taken: InventoryImport, order?: string): Promise<void>;
  /**
   * Makes an import that waits the caller's own: it runs from now on. Of racing callers exactly one gets it; null for all
   * others, and for one that does not wait any more.
   * @param at when it begins.
   */
  start(id: string, at: string): Promise<StartedImport | null>;
  /** Writes the progress of an import that still runs. */
  touch(id: string, progress: ImportProgress, at: string): Promise<void>;
  /**
   * Writes how it ended, with its notes, and forgets what was asked. Of racing callers exactly one ends an import: false
   * for one that had ended, of which nothing is written.
   */
  finish(finished: InventoryImport, notes: readonly ImportNote[]): Promise<boolean>;
  /** Imports that still run and have told nothing since an instant: at most `limit`, the oldest first. */
  silent(since: string, limit: number): Promise<InventoryImport[]>;
}

export const importStore = definePort<ImportStore>('network.imports');

export const importGlobalId = (id: string): string => toGlobalId('InventoryImport', id);

const begun = { format: z.enum(importFormats), dryRun: z.boolean() };
const ended = {
  ...begun,
  counts: z.array(shownAs(kindCounts, 'InventoryImportCounts')),
  warnings: z.array(shownAs(codeCount, 'InventoryImportWarning')),
  ignored: z.array(shownAs(modelCount, 'InventoryImportIgnored')),
};
const seen = {
  subject: 'InventoryImport',
  retain: 'AUDIT',
  seenWith: 'network:admin',
  seenByOwner: true,
} as const;

export const importStarted = defineEvent('network.inventoryImport.started', z.object(begun), {
  ...seen,
  description: 'An import of inventory began.',
});

export const importCompleted = defineEvent('network.inventoryImport.completed', z.object(ended), {
  ...seen,
  description: 'An import of inventory came to its end. Rows may have failed, if it was told to skip them.',
});

export const importFailed = defineEvent(
  'network.inventoryImport.failed',
  z.object({ ...ended, rejected: z.boolean() }),
  { ...seen, description: 'An import of inventory wrote nothing: rows failed (`rejected`), or it broke off.' },
);
