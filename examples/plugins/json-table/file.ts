import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { removeFile, replaceFile } from './replace-file.ts';
import type { Changes } from './rows.ts';

/** What the file of a table holds. */
export interface Content<Row> {
  readonly rows: readonly Row[];
  /** Units of work that are in the rows, and whose prepared file may still be there. */
  readonly finished: readonly string[];
}

/** The changes of a unit of work that may or may not be committed. */
export interface Prepared<Row> extends Changes<Row> {
  readonly unit: string;
  /** Milliseconds since the epoch. Of two units that changed the same row, the later one was prepared later. */
  readonly at: number;
  /** Milliseconds since the epoch: if the unit is not committed by then, it never will be. */
  readonly until: number;
}

/** The files of one table: `<name>.json`, and `<name>.json.<unit>.prepared` for each unit that is under way. */
export interface TableFiles<Row> {
  read(): Promise<Content<Row>>;
  write(content: Content<Row>): Promise<void>;
  /** What an earlier process left undecided, in the order in which it was prepared. */
  readPrepared(): Promise<readonly Prepared<Row>[]>;
  writePrepared(prepared: Prepared<Row>): Promise<void>;
  removePrepared(unit: string): Promise<void>;
}

const suffix = '.prepared';

/** @param row checks a row that was read: a file may have been edited by hand. */
export function tableFiles<Row>(path: string, row: z.ZodType<Row>): TableFiles<Row> {
  const content = z.strictObject({ rows: z.array(row), finished: z.array(z.uuid()) });
  const prepared = z.strictObject({
    unit: z.uuid(),
    at: z.number(),
    until: z.number(),
    put: z.array(row),
    gone: z.array(z.string()),
  });
  const preparedPath = (unit: string) => `${path}.${unit}${suffix}`;
  return {
    async read() {
      await mkdir(dirname(path), { recursive: true });
      return existsSync(path) ? readAs(content, path) : { rows: [], finished: [] };
    },
    write: (value) => replaceFile(path, `${JSON.stringify(value, null, 1)}\n`),
    async readPrepared() {
      const names = (await readdir(dirname(path))).filter(
        (name) => name.startsWith(`${basename(path)}.`) && name.endsWith(suffix),
      );
      const found = await Promise.all(names.map((name) => readAs(prepared, join(dirname(path), name))));
      return found.sort((one, other) => one.at - other.at);
    },
    writePrepared: (value) => replaceFile(preparedPath(value.unit), JSON.stringify(value)),
    removePrepared: (unit) => removeFile(preparedPath(unit)),
  };
}

async function readAs<T>(schema: z.ZodType<T>, path: string): Promise<T> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    throw new Error(`${path} cannot be read: ${reason}. Repair it, or put back a copy.`, { cause: error });
  }
}
