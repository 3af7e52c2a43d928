import { run } from '../harness/database.ts';
import { type BenchProcess, startProcess } from '../harness/process.ts';
import { compare } from '../harness/report.ts';
import { type Contender, interleave, type Sample } from '../harness/rounds.ts';
import type { Benchmark } from './suite.ts';

/** Jobs in one call. */
const count = 1000;
/** Jobs that are started and ended at the same time. */
const lanes = 8;

/**
 * Jobs beside pg-boss as it is. It keeps less: Gatehouse writes an event and two lines for each run, checks the arguments,
 * counts states, and keeps an archive.
 */
export const jobs: Benchmark = {
  name: 'jobs',
  data: 'made',
  async run({ effort, databases }) {
    const url = await databases.create('jobs');
    const bossUrl = await databases.create('pg_boss');
    const ours = await startProcess('servers/jobs.ts', { url });
    const theirs = await startProcess('servers/pg-boss.ts', { url: bossUrl }).catch(async (error) => {
      await ours.stop();
      throw error;
    });
    try {
      const places = [
        { name: 'Gatehouse', server: ours, url },
        { name: 'pg-boss', server: theirs, url: bossUrl },
      ] as const;
      const enqueue = places.map(
        ({ name, server }): Contender => ({
          name,
          async measure() {
            const sample = await timed(server, () => server.ask<number>('enqueue', count));
            await server.ask('drain', { count, lanes });
            return sample;
          },
        }),
      );
      const drain = places.map(
        ({ name, server, url }): Contender => ({
          name,
          async measure() {
            await server.ask('enqueue', count);
            await run(url, 'ANALYZE');
            return timed(server, () => server.ask<number>('drain', { count, lanes }));
          },
        }),
      );
      return {
        rows: [
          ...compare('enqueue 1,000 jobs in one call', enqueue, await interleave(enqueue, effort)),
          ...compare('start and end a job', drain, await interleave(drain, effort)),
        ],
        counts: [],
      };
    } finally {
      await ours.stop();
      await theirs.stop();
    }
  },
};

/** @param work answers how many milliseconds it took for all of them. */
async function timed(server: BenchProcess<unknown>, work: () => Promise<number>): Promise<Sample> {
  const before = await server.cpu();
  const took = await work();
  return { rate: count / (took / 1000), cpu: ((await server.cpu()) - before) / count };
}
