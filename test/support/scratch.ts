import { mkdirSync, mkdtempSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const kept = fileURLToPath(new URL('../../dist', import.meta.url));

/** An empty folder below the clone, where files find the package by its name and no tool looks. The caller removes it. */
export function scratchFolder(name: string): string {
  mkdirSync(kept, { recursive: true });
  return mkdtempSync(`${kept}/${name}-`);
}
