import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '#kernel/id.ts';

/** The least that a secret must hold. */
const leastBytes = 32;

/** What stands in examples, and what people type to get past a check. */
const samples = [
  /change.?me/i,
  /your.?secret/i,
  /example/i,
  /^(.{1,8})\1+.{0,8}$/,
  /0123456789abcdef/i,
  /abcdefghijklm/i,
];

/** Why a text is no secret; null for one that may be. */
export function secretFault(text: string): string | null {
  if (Buffer.byteLength(text) < leastBytes)
    return `is shorter than ${leastBytes} bytes. Make one: openssl rand -base64 32`;
  if (samples.some((sample) => sample.test(text)))
    return 'looks like a sample that others know too. Make one: openssl rand -base64 32';
  return null;
}

/**
 * The secret in a folder, made when there is none. Only the account that runs the gateway may read its file.
 * @throws Error naming the file and the remedy when it cannot be used.
 */
export function ownSecret(folder: string): string {
  const file = join(folder, 'secret');
  const found = read(file) ?? make(file);
  const fault = secretFault(found);
  if (fault) throw new Error(`The secret in ${file} ${fault}`);
  if ((statSync(file).mode & 0o077) !== 0)
    throw new Error(`Others may read ${file}, which opens all secrets of this gateway. Run: chmod 600 ${file}`);
  return found;
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Linked into place: it is never seen half written, and of two processes that start together one makes it. */
function make(file: string): string {
  const aside = `${file}.${newId()}`;
  const secret = randomSecret();
  try {
    writeFileSync(aside, `${secret}\n`, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(aside, file);
    return secret;
  } catch (error) {
    const other = (error as NodeJS.ErrnoException).code === 'EEXIST' ? read(file) : null;
    if (other === null) throw error;
    return other;
  } finally {
    rmSync(aside, { force: true });
  }
}

export const randomSecret = (): string => randomBytes(leastBytes).toString('base64');
