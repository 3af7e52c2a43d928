import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Who works in a directory. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells apart two processes that were given the same number. */
  readonly started: string | null;
}

/** How a refusal speaks of the directory. */
interface Words {
  /** What lies in it. */
  readonly what: string;
  readonly remedy: readonly string[];
}

const plainWords: Words = { what: 'What lies', remedy: ['It serves one process. Stop that process first.'] };

/**
 * Claims a directory for this process. What a dead process of this machine left behind is taken over.
 * @returns how to give it back.
 * @throws Error naming the directory, the holder and what to do.
 */
export function lockDirectory(directory: string, words = plainWords): () => void {
  const file = join(directory, 'gatehouse.lock');
  const aside = join(directory, `gatehouse.lock.${process.pid}`);
  const own: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  try {
    for (;;) {
      // Linked, not written in place: a lock is never seen half written.
      writeFileSync(aside, JSON.stringify(own), { mode: 0o600 });
      if (link(aside, file)) return () => rmSync(file, { force: true });
      const holder = readHolder(file);
      if (holder && isAlive(holder)) throw inUse(directory, holder, words);
      takeAway(file, aside);
    }
  } finally {
    rmSync(aside, { force: true });
  }
}

/** False when the name is taken. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a stale lock. Of several processes that found it, one may already have put its own in its place. */
function takeAway(file: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = readHolder(aside);
  if (taken && isAlive(taken)) link(aside, file);
}

function readHolder(file: string): Holder | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder;
  } catch {
    // Gone meanwhile, or its writer died before it had written it.
    return null;
  }
}

function isAlive(holder: Holder): boolean {
  // Another machine may share the directory; whether its process lives cannot be seen from here.
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return holder.started === null || holder.started === startOf(holder.pid);
}

/** When a process began, in the system's own ticks; null where the system does not say. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function inUse(directory: string, holder: Holder, { what, remedy }: Words): Error {
  const elsewhere = holder.host === hostname() ? '' : ` on ${holder.host}`;
  return new Error(
    [
      `${what} in ${directory} is in use by process ${holder.pid}${elsewhere}.`,
      ...remedy,
      ...(elsewhere ? [`If that process is gone, delete ${join(directory, 'gatehouse.lock')}.`] : []),
    ].join('\n'),
  );
}
