/** Goes on until a file says so, and writes down when it began and ended. */
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRun } from '#kernel/job-run.ts';

export async function run({ id, args, trial }: JobRun<{ readonly folder: string }>): Promise<void> {
  const note = (what: string) =>
    appendFileSync(
      join(args.folder, 'notes'),
      `${JSON.stringify({ what, id, trial, pid: process.pid, at: Date.now() })}\n`,
    );
  note('start');
  while (!existsSync(join(args.folder, 'go'))) await sleep(50);
  note('end');
}
