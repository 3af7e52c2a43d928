/** Imports for tests: what a text is, and how an import of it ended. */
import type { Context } from '#kernel/context.ts';
import { ImportRejectedError } from '#kernel/errors.ts';
import { findImports, listNotes } from '#resolvers/network/imports/find.ts';
import { importInventory } from '#resolvers/network/imports/import.ts';
import type { ImportInput } from '#resolvers/network/imports/input.ts';
import type { ImportNote, InventoryImport } from '#resolvers/network/imports/inventory-import.ts';
import { type TestNetwork, wholePage } from './network.ts';

export type Row = Record<string, unknown>;

export const json = (...rows: Row[]) => ({ text: JSON.stringify(rows), format: 'JSON' }) as const;
export const csv = (...lines: string[]) => ({ text: lines.join('\r\n'), format: 'CSV' }) as const;

export interface Ended {
  readonly state: InventoryImport['state'];
  /** `device: created 2 failed 1` */
  readonly counts: readonly string[];
  readonly notes: readonly ImportNote[];
  readonly ended: InventoryImport;
}

/** How an import ended, with all it keeps of its rows; also one that was rejected. */
export async function runImport(net: TestNetwork, input: ImportInput, ctx: Context = net.all): Promise<Ended> {
  let ended: InventoryImport | null | undefined;
  try {
    ended = await importInventory(ctx, input);
  } catch (error) {
    if (!(error instanceof ImportRejectedError)) throw error;
    [ended] = await findImports(net.all, [error.importId]);
  }
  if (!ended) throw new Error('The import is not kept.');
  const { items } = await listNotes(net.gateway.context(), ended, {}, wholePage);
  return { state: ended.state, counts: countsOf(ended), notes: items.map(({ node }) => node), ended };
}

const countsOf = ({ counts }: InventoryImport): string[] =>
  counts.map(({ kind, ...numbers }) => {
    const some = Object.entries(numbers).flatMap(([name, count]) => (count > 0 ? [`${name} ${count}`] : []));
    return `${kind.toLowerCase()}: ${some.join(' ')}`;
  });

/** `3 CONFLICT r1 already exists in this site.` */
export const brief = (notes: readonly ImportNote[]): string[] =>
  notes.map(({ row, code, message }) => `${row} ${code} ${message}`);
