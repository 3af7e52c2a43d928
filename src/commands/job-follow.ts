import { setTimeout as pause } from 'node:timers/promises';
import { failure } from '#commands/failure.ts';
import type { RunnerSession } from '#commands/shell.ts';

export interface LogLine {
  readonly number: number;
  readonly at: string;
  readonly level: string;
  readonly message: string;
  readonly exception: string | null;
}

export const lineFields = 'number at level message exception';

export const lineOf = ({ at, level, message, exception }: LogLine): string =>
  `${at} ${level.padEnd(8)} ${message}${exception === null ? '' : `\n${exception}`}`;

/** Milliseconds between two looks. */
const interval = 500;

const document = `query ($id: ID!, $after: Int!) {
  job(id: $id) { state journaled logCount log(filter: { after: $after }, first: 1000) {
    nodes { ${lineFields} } } }
}`;

interface Look {
  readonly job: {
    readonly state: string;
    readonly journaled: boolean;
    readonly logCount: number;
    readonly log: {
      readonly nodes: readonly LogLine[];
    };
  } | null;
}

const over: ReadonlySet<string> = new Set(['COMPLETE', 'ERROR', 'INACTIVE', 'KILLED']);

/** Prints the lines of a job, each once, and its states, until it has ended and all are printed. */
export async function followJob({ runner, print, terminal }: RunnerSession<object>, id: string): Promise<void> {
  let after = 0;
  let state = '';
  while (!terminal.stopped.aborted) {
    const { job } = await runner.run<Look>(document, { id, after });
    if (!job) throw failure('NOT_FOUND', `Job not found: ${id}.`);
    for (const line of job.log.nodes) print.lines(line, [lineOf(line)]);
    after = job.log.nodes.at(-1)?.number ?? after;
    if (job.state !== state) print.remark(`It is ${job.state.toLowerCase()}.`);
    state = job.state;
    if (after < job.logCount) continue;
    if (over.has(state) || job.journaled) return;
    await pause(interval, undefined, { signal: terminal.stopped }).catch(() => undefined);
  }
}
