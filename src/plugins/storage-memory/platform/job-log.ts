import type { Page, PageRequest } from '#kernel/page.ts';
import { defineTable, type Session, type Tables } from '#plugins/storage-memory/database.ts';
import { pageOfRows } from '#plugins/storage-memory/page.ts';
import { heldJob, lineTable, queueTable } from '#plugins/storage-memory/platform/jobs.ts';
import type { Held } from '#resolvers/platform/jobs/job.ts';
import type { JobLogLine, JobLogStore, LogFilter, NewLogLine } from '#resolvers/platform/jobs/log.ts';

const outputTable = defineTable<{ readonly id: string; readonly text: string; readonly at: string }>('job_output');
const channel = 'job_log';

export class MemoryJobLog implements JobLogStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async append({ id, fence }: { readonly id: string; readonly fence: string | null }, lines: readonly NewLogLine[]) {
    const kept = await this.#session.run((tables) => {
      const job = fence === null ? tables(queueTable).get(id) : heldJob(tables, { id, fence });
      if (!job) return false;
      for (const [index, line] of lines.entries()) {
        const number = job.logCount + index + 1;
        tables(lineTable).set(`${id}/${number}`, { ...line, jobId: id, number });
      }
      tables(queueTable).set(id, { ...job, logCount: job.logCount + lines.length });
      return true;
    });
    if (kept) await this.#session.notify(channel);
    return kept;
  }

  read(jobId: string, after: number, limit: number): Promise<JobLogLine[]> {
    return this.#session.run((tables) => linesOf(tables, jobId, after, limit));
  }

  pages(jobIds: readonly string[], { levels, after }: LogFilter, request: PageRequest): Promise<Page<JobLogLine>[]> {
    return this.#session.run((tables) =>
      jobIds.map((id) => {
        const lines = linesOf(tables, id, after ?? 0, Number.POSITIVE_INFINITY);
        const wanted = levels ? lines.filter(({ level }) => levels.includes(level)) : lines;
        return pageOfRows(wanted, [{ type: 'integer', value: ({ number }) => String(number) }], request);
      }),
    );
  }

  keepOutput(held: Held, text: string, at: string): Promise<boolean> {
    return this.#session.run((tables) => {
      if (!heldJob(tables, held)) return false;
      tables(outputTable).set(held.id, { id: held.id, text, at });
      return true;
    });
  }

  outputs(jobIds: readonly string[]): Promise<(string | null)[]> {
    return this.#session.run((tables) => jobIds.map((id) => tables(outputTable).get(id)?.text ?? null));
  }

  trimOutputs(before: string, limit: number): Promise<number> {
    return this.#session.run((tables) => {
      const old = [...tables(outputTable).values()].filter(({ at }) => at < before).slice(0, limit);
      for (const { id } of old) tables(outputTable).delete(id);
      return old.length;
    });
  }

  async listen(wake: () => void): Promise<() => Promise<void>> {
    const stop = this.#session.listen(channel, wake);
    return async () => stop();
  }
}

/** Lines are numbered without a hole, so they are found by number. */
function linesOf(tables: Tables, id: string, after: number, limit: number): JobLogLine[] {
  const found: JobLogLine[] = [];
  for (let number = after + 1; found.length < limit; number += 1) {
    const line = tables(lineTable).get(`${id}/${number}`) as JobLogLine | undefined;
    if (!line) return found;
    found.push(line);
  }
  return found;
}
