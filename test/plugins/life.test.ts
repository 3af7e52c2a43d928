import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createLogger } from '#kernel/log.ts';
import { definePort } from '#kernel/port.ts';
import { definePlugin } from '#plugins/define.ts';
import { startWith } from './support.ts';

const first = definePort<object>('life.first');
const second = definePort<object>('life.second');
const silent = createLogger('silent');

/** Three plugins that note when they begin and end; each needs the one before it. */
function trio(happened: string[], parts: Record<string, () => void | Promise<void>> = {}) {
  const noted = (name: string, ports: object) =>
    definePlugin({
      name,
      version: '1.0.0',
      description: 'Notes what happens.',
      ...ports,
      async setup({ provide }) {
        await parts[`${name} begins`]?.();
        happened.push(`${name} begins`);
        if (name === 'one') provide(first, {});
        if (name === 'two') provide(second, {});
        return async () => {
          happened.push(`${name} ends`);
          await parts[`${name} ends`]?.();
        };
      },
    });
  return [
    noted('three', { uses: { second } }),
    noted('two', { uses: { first }, provides: [second] }),
    noted('one', { provides: [first] }),
  ];
}

describe('plugins', () => {
  test('end in the reverse order of their setups, once', async () => {
    const happened: string[] = [];
    const gateway = await startWith(trio(happened));
    await Promise.all([gateway.dispose(), gateway.dispose()]);
    expect(happened).toEqual(['one begins', 'two begins', 'three begins', 'three ends', 'two ends', 'one ends']);
  });

  test('that were begun are ended when a later one fails to start, which is named with its reason', async () => {
    const happened: string[] = [];
    const plugins = trio(happened, {
      'three begins': () => {
        throw new Error('no connection');
      },
    });
    await expect(startWith(plugins)).rejects.toThrow('Plugin "three" failed to start: no connection');
    expect(happened).toEqual(['one begins', 'two begins', 'two ends', 'one ends']);
  });

  test('are all ended when one of them fails to', async () => {
    const happened: string[] = [];
    const gateway = await startWith(
      trio(happened, {
        'two ends': () => {
          throw new Error('stuck');
        },
      }),
      {},
      { log: silent },
    );
    await gateway.dispose();
    expect(happened.slice(3)).toEqual(['three ends', 'two ends', 'one ends']);
  });

  test('are told to take in no more before any of them ends, and their tasks are waited for', async () => {
    const happened: string[] = [];
    const labourer = definePlugin({
      name: 'labourer',
      version: '1.0.0',
      description: 'Works until it is told to stop.',
      tasks: [
        {
          name: 'labourer.work',
          async run(_, signal) {
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
            await new Promise((resolve) => setTimeout(resolve, 50));
            happened.push('work is finished');
          },
        },
      ],
      setup({ signal }) {
        signal.addEventListener('abort', () => happened.push('drain'));
        return () => void happened.push('end');
      },
    });
    const gateway = await startWith([labourer]);
    gateway.work();
    await gateway.dispose();
    expect(happened).toEqual(['drain', 'work is finished', 'end']);
  });

  test('get the values of their section of the config, after defaults and transforms', async () => {
    const seen: unknown[] = [];
    const reader = definePlugin({
      name: 'reader',
      version: '1.0.0',
      description: 'Reads its config.',
      section: 'test.reader',
      config: z.strictObject({ size: z.number().default(7), name: z.string().transform((name) => name.toUpperCase()) }),
      setup({ config, dataDir }) {
        seen.push({ ...config, dataDir });
        return undefined;
      },
    });
    await (await startWith([reader], { test: { reader: { name: 'a' } } })).dispose();
    expect(seen).toEqual([{ size: 7, name: 'A', dataDir: 'memory://' }]);
  });
});

test('two gateways live in one process, each with its own plugins, graph and data', async () => {
  const greeting = (name: string) =>
    definePlugin({
      name: 'greeting',
      version: '1.0.0',
      description: 'Greets.',
      schema(builder) {
        builder.queryField(name, (t) => t.string({ description: 'A greeting.', resolve: () => `I am ${name}` }));
      },
    });
  const [one, other] = await Promise.all([startWith([greeting('one')]), startWith([greeting('other')])]);
  await one.execute({ document: 'mutation { siteCreate(input: { name: "SJC" }) { __typename } }' });
  expect(await one.execute({ document: '{ one sites { totalCount } }' })).toEqual({
    data: { one: 'I am one', sites: { totalCount: 1 } },
  });
  await one.dispose();
  expect(await other.execute({ document: '{ other sites { totalCount } }' })).toEqual({
    data: { other: 'I am other', sites: { totalCount: 0 } },
  });
  await other.dispose();
});
