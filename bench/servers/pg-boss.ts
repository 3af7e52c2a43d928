/** pg-boss as it is, with jobs that do nothing. */
import { PgBoss } from 'pg-boss';
import { answerParent, given } from '../harness/child.ts';

const queue = 'nothing';
const boss = new PgBoss({ connectionString: given<{ url: string }>().url, max: 10, schedule: false });
await boss.start();
await boss.createQueue(queue);

let made = 0;

async function enqueue(count: number): Promise<number> {
  const jobs = Array.from({ length: count }, () => {
    made += 1;
    return { data: { number: made }, singletonKey: `nothing ${made}` };
  });
  const begun = performance.now();
  await boss.insert(queue, jobs);
  return performance.now() - begun;
}

async function drain({ count, lanes }: { count: number; lanes: number }): Promise<number> {
  let done = 0;
  const lane = async () => {
    for (;;) {
      const [job] = await boss.fetch(queue);
      if (!job) return;
      await boss.complete(queue, job.id);
      done += 1;
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  if (done !== count) throw new Error(`${done} of ${count} jobs were run.`);
  return performance.now() - begun;
}

answerParent('ready', { enqueue, drain }, () => boss.stop({ graceful: false }));
