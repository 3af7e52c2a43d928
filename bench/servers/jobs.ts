/** The jobs of Gatehouse without a worker's threads: what its queue costs, and not what handlers do. */
import { createGateway } from '../../src/gateway.ts';
import { defineJob } from '../../src/kernel/job.ts';
import { definePlugin } from '../../src/plugins/define.ts';
import { enqueueManyJobs } from '../../src/resolvers/platform/jobs/enqueue.ts';
import { endRun, startNextJob } from '../../src/resolvers/platform/jobs/run.ts';
import { answerParent, given } from '../harness/child.ts';

const classes = definePlugin({
  name: 'bench-jobs',
  version: '1.0.0',
  description: 'Jobs that do nothing.',
  jobs: [defineJob({ name: 'bench.nothing', title: 'Nothing', author: 'bench', handler: () => undefined })],
});

const gateway = await createGateway({
  config: {
    plugins: ['default', classes],
    dataDir: 'memory://bench',
    storage: { url: given<{ url: string }>().url },
    log: { level: 'warn' },
    accounts: { adminPassword: 'bench-7Qm2-nowhere-else' },
  },
});

let made = 0;

async function enqueue(count: number): Promise<number> {
  const wishes = Array.from({ length: count }, () => {
    made += 1;
    return { name: 'bench.nothing', args: { number: made } };
  });
  const begun = performance.now();
  await enqueueManyJobs(gateway.context(), wishes);
  return performance.now() - begun;
}

/** Starts and ends jobs until none is left, so many at a time. */
async function drain({ count, lanes }: { count: number; lanes: number }): Promise<number> {
  const who = { worker: 'bench@here', running: {}, exceptProjects: [], forcedOnly: false };
  let done = 0;
  const lane = async () => {
    for (;;) {
      const running = await startNextJob(gateway.context(), who);
      if (!running) return;
      await endRun(gateway.context(), running, { kind: 'COMPLETE' });
      done += 1;
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  if (done !== count) throw new Error(`${done} of ${count} jobs were run.`);
  return performance.now() - begun;
}

answerParent('ready', { enqueue, drain }, () => gateway.dispose());
