import { describe, expect, test } from 'vitest';
import { prismaStorage } from '#plugins/storage-prisma/plugin.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { isFinal } from '#resolvers/platform/jobs/job.ts';
import { embeddedTemplate } from '../support/database.ts';
import { inlineActs, openJobs } from '../support/jobs.ts';

describe('a worker on the embedded database', () => {
  test('runs threads and transactions side by side on its one connection, and retries by ticket', {
    timeout: 60_000,
  }, async () => {
    await using open = await openJobs({
      storage: [prismaStorage({ directory: 'memory://worker', from: await embeddedTemplate() })],
    });
    inlineActs.make = ({ ctx }) =>
      ctx.atomically(async (ctx) => {
        await createAccount(ctx, { name: 'made-inline', permissions: [], roles: [] });
        await new Promise((resolve) => setTimeout(resolve, 300));
      });
    const jobs = [
      await open.enqueue('tests.inline', { act: 'make' }),
      await open.enqueue('tests.act', { act: 'cookie' }),
      await open.enqueue('tests.act', { act: 'lines', count: 300 }),
      await open.enqueue('tests.act', { act: 'profile' }),
    ];
    for (const { id } of jobs)
      expect((await open.until(id, ({ state }) => isFinal(state), 30_000)).state).toBe('COMPLETE');
    expect((await open.lines(jobs[2]?.id ?? '')).length).toBe(302);
    const failing = await open.enqueue('tests.act', { act: 'throw' }, { attempts: 2, errorTime: 1 });
    const ended = await open.until(failing.id, ({ state }) => state === 'ERROR', 30_000);
    expect(ended.trial).toBe(2);
  });
});
