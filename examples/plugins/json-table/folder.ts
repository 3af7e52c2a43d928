import { mkdir } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { Dispose } from 'gatehouse/kernel/plugin';
import { lockDirectory } from 'gatehouse/plugins/directory-lock';
import { type JsonTable, openTable, type TableOptions } from './table.ts';

interface FolderOptions<Row> extends Omit<TableOptions<Row>, 'path'> {
  readonly file: string;
  /** From the data folder of the gateway, or absolute. */
  readonly folder: string;
  readonly dataDir: string;
}

/**
 * Opens a table in a folder that is its own, and keeps other processes out.
 * @throws Error when the folder is in use, or lies in the memory of a gateway that has no data folder.
 */
export async function openTableInFolder<Row>({
  file,
  folder,
  dataDir,
  ...options
}: FolderOptions<Row>): Promise<{ readonly table: JsonTable<Row>; readonly close: Dispose }> {
  if (dataDir.startsWith('memory://') && !isAbsolute(folder))
    throw new Error('Give an absolute folder: dataDir is in memory, and a file cannot be.');
  const path = resolve(dataDir, folder);
  await mkdir(path, { recursive: true, mode: 0o700 });
  const unlock = lockDirectory(path);
  try {
    const table = await openTable({ ...options, path: join(path, file) });
    const close = async () => {
      await table.close();
      unlock();
    };
    return { table, close };
  } catch (error) {
    unlock();
    throw error;
  }
}
