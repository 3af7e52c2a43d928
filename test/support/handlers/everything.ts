/** A handler whose arguments say what it does. */
import type { JobRun } from '#kernel/job-run.ts';
import { defineRemoteGreeter } from './greeter.ts';

interface Args {
  readonly act?: string;
  readonly count?: number;
}

const keep: unknown[] = [];

export async function run(ctx: JobRun<Args>): Promise<unknown> {
  const { act = 'return', count = 0 } = ctx.args;
  switch (act) {
    case 'return':
      return;
    case 'throw':
      throw new TypeError('nothing there');
    case 'throw garbage':
      throw { toString: null };
    case 'throw later':
      setTimeout(() => {
        throw new Error('out of nowhere');
      }, 10);
      return new Promise(() => {});
    case 'reject later':
      void Promise.reject(new Error('nobody listens'));
      return new Promise(() => {});
    case 'exit':
      process.exit(3);
      break;
    case 'loop':
      for (;;);
    case 'wait':
      return new Promise((_, reject) => {
        ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason));
      });
    case 'ignore':
      return new Promise(() => setInterval(() => {}, 1000));
    case 'heap':
      for (;;) keep.push(new Array(10_000).fill(Math.random()));
    case 'leak':
      for (;;) {
        for (let count = 0; count < 20; count += 1) keep.push(new Array(10_000).fill(Math.random()));
        await new Promise((resolve) => setImmediate(resolve));
      }
    case 'buffers':
      for (;;) {
        keep.push(Buffer.alloc(8 * 1024 * 1024, 1));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    case 'print':
      process.stdout.write(Buffer.from([0xff, 0x00, 0xfe, 0x41]));
      process.stdout.write('x'.repeat(count));
      console.log('\nlast line');
      console.error('and an error');
      return;
    case 'lines':
      for (let number = 1; number <= count; number += 1) ctx.log.info(`line ${number}`);
      return;
    case 'garbage lines':
      ctx.log.info('nul \u0000 and half \ud800 of a pair');
      ctx.log.error(Symbol('s') as never, { toString: null });
      ctx.log.warning('y'.repeat(200_000), new Error('with a stack'));
      return;
    case 'bad result':
      return () => 1;
    case 'cyclic result': {
      const cycle: Record<string, unknown> = {};
      cycle.self = cycle;
      return cycle;
    }
    case 'result':
      return { fine: true };
    case 'progress':
      await ctx.progress(0.25, 'a quarter', { force: true });
      await ctx.progress(0.5, 'dropped');
      await ctx.progress(2, 'too much', { force: true });
      return;
    case 'defer':
      return ctx.defer('not yet');
    case 'source':
      await ctx.source('a.txt');
      await ctx.source('b.txt');
      await ctx.source('a.txt');
      return;
    case 'cookie':
      await ctx.cookie.set('seen', { deep: [1, null] });
      await ctx.cookie.inc('runs');
      await ctx.cookie.inc('runs', 2);
      await ctx.cookie.max('most', 7);
      await ctx.cookie.max('most', 3);
      ctx.log.info(JSON.stringify([await ctx.cookie.get('seen'), await ctx.cookie.get('nothing')]));
      return;
    case 'profile': {
      const answer = await ctx.execute('query ($x: Boolean!) { profile @include(if: $x) { account { name } } }', {
        x: true,
      });
      ctx.log.info(JSON.stringify(answer));
      return;
    }
    case 'forbidden':
      await ctx.execute('{ roleNames }');
      return;
    case 'port': {
      const greeter = ctx.use(defineRemoteGreeter());
      ctx.log.info(await greeter.greet({ name: 'thread' }));
      await greeter.fail().catch((error) => ctx.log.info(`${error.name}: ${error.message}`));
      return;
    }
    case 'closed port':
      await (ctx.use({ name: 'clock', many: false } as never) as { now(): Promise<number> }).now();
      return;
    case 'not cloned':
      await ctx.execute('{ version }', { fn: () => 1 });
      return;
    default:
      throw new Error(`no act ${act}`);
  }
}
