import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '#kernel/config.ts';

/** What a config file holds, before any check. */
export interface ConfigFile {
  /** Null where there is none: everything has a default. */
  readonly path: string | null;
  /** Where relative paths begin. */
  readonly folder: string;
  readonly content: unknown;
}

const usualNames = ['gatehouse.config.ts', 'gatehouse.config.js', 'gatehouse.config.json'];

/**
 * Reads the config file: the one named, else `gatehouse.config.ts`, `.js` or `.json` in the folder.
 * @throws ConfigError when it is named and missing, or cannot be read.
 */
export async function readConfigFile(named: string | undefined, folder: string): Promise<ConfigFile> {
  const path = named ? resolve(folder, named) : usualNames.map((name) => resolve(folder, name)).find(existsSync);
  if (!path) return { path: null, folder, content: {} };
  try {
    return { path, folder: dirname(path), content: await readContent(path) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ path: '', message: `${path} cannot be read: ${reason}` }]);
  }
}

async function readContent(path: string): Promise<unknown> {
  if (path.endsWith('.json')) return JSON.parse(await readFile(path, 'utf8'));
  const module: Record<string, unknown> = await import(pathToFileURL(path).href);
  if (!('default' in module)) throw new Error('it has no default export. Write: export default { … };');
  return module.default;
}
