import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Puts a new content in the place of a file: whoever reads it, also after a crash or a power cut, finds the old content
 * or the new one. One writer at a time.
 */
export async function replaceFile(path: string, content: string): Promise<void> {
  const aside = `${path}.tmp`;
  const file = await open(aside, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  await syncFolder(path);
}

export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(path);
}

/** The name of a file is kept by its folder, which reaches the disk by itself only some time later. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
