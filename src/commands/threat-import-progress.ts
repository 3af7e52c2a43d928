import type { Terminal } from '#commands/terminal.ts';
import type { ImportCounts } from '#resolvers/threat/objects/import.ts';

/** Milliseconds between two lines. */
const interval = 1000;

interface ProgressLine {
  show(counts: ImportCounts): void;
  /** Shows where it stands, whenever it was shown last. */
  end(): void;
}

/** How far an import is: a line that is written anew where somebody watches, one a second where nobody does. */
export function progressLine(terminal: Terminal, totalCount: number | null, quiet: boolean): ProgressLine {
  if (quiet) return { show: () => {}, end: () => {} };
  const { screen } = terminal;
  const begun = performance.now();
  let latest: ImportCounts | null = null;
  let shownAt = begun;
  const write = (counts: ImportCounts) => {
    const text = lineOf(counts, totalCount, performance.now() - begun);
    if (screen) screen.write(`\r${text}\u001b[K`);
    else terminal.err(`${text}\n`);
    shownAt = performance.now();
    latest = null;
  };
  return {
    show(counts) {
      latest = counts;
      if (performance.now() - shownAt >= interval) write(counts);
    },
    end() {
      if (latest) write(latest);
      if (screen) screen.write('\n');
    },
  };
}

/** @param elapsed milliseconds. */
export function lineOf(counts: ImportCounts, totalCount: number | null, elapsed: number): string {
  const { doneCount, addedCount, presentCount, failedCount } = counts;
  const total = totalCount === null ? '' : ` of ${totalCount} (${percent(doneCount, totalCount)} %)`;
  const rate = Math.round((doneCount * 1000) / Math.max(elapsed, 1));
  return `imported ${doneCount}${total}: ${addedCount} added, ${presentCount} present, ${failedCount} failed, ${rate}/s`;
}

const percent = (done: number, total: number): number => (total === 0 ? 100 : Math.floor((100 * done) / total));
