import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createGateway } from '#gateway';
import { defineEvent } from '#kernel/event.ts';
import { definePort } from '#kernel/port.ts';
import { definePlugin, type GatehousePlugin } from '#plugins/define.ts';
import { PluginError } from '#plugins/order.ts';
import { scratchFolder } from '../support/scratch.ts';
import { startWith } from './support.ts';

const soup = definePort<{ readonly of: string }>('kitchen.soup');
const bread = definePort<{ readonly of: string }>('kitchen.bread');

const plain = { version: '1.0.0', description: 'A plugin of the test.' };
const cook = (name: string, port = soup) =>
  definePlugin({
    ...plain,
    name,
    provides: [port],
    setup({ provide }) {
      provide(port, { of: name });
      return undefined;
    },
  });
const guest = definePlugin({ ...plain, name: 'guest', uses: { soup } });

const folder = scratchFolder('plugins');
afterAll(() => rmSync(folder, { recursive: true }));

const refusal = async (entries: readonly unknown[], config: Record<string, unknown> = {}): Promise<string> => {
  const error = await startWith(entries, config, { folder }).then(
    (gateway) => gateway.dispose().then(() => new Error('It started.')),
    (error: Error) => error,
  );
  expect(error).toBeInstanceOf(PluginError);
  return error.message;
};

describe('a list of plugins', () => {
  test('is refused when it names one that cannot be found, with the names of the built-ins', async () => {
    expect(await refusal(['gatehouse-plugin-nowhere'])).toMatch(
      /^plugins: "gatehouse-plugin-nowhere" cannot be loaded: .+ It is no built-in either: those are storage-prisma, .+\.$/,
    );
    expect(await refusal(['./nowhere.ts'])).toMatch(/^plugins: ".\/nowhere.ts" cannot be loaded: /);
  });

  test('is refused when a file holds no plugin, or cannot be run', async () => {
    writeFileSync(join(folder, 'empty.js'), 'export const nothing = 1;');
    writeFileSync(join(folder, 'broken.js'), 'throw new Error("out of flour");');
    expect(await refusal(['./empty.js'])).toBe(
      'plugins: "./empty.js" exports no plugin. Write: export const plugin = definePlugin({ … }).',
    );
    expect(await refusal(['./broken.js'])).toBe('plugins: "./broken.js" cannot be loaded: out of flour.');
  });

  test('is refused when it leaves out what is not in it', async () => {
    expect(await refusal(['!guest'])).toBe('plugins: "!guest" takes away a plugin that is not listed before it.');
  });

  test('takes a plugin from a file, by its path from the folder of the config', async () => {
    const source = `
      import { definePlugin } from 'gatehouse/plugins/define';
      export const plugin = definePlugin({
        name: 'from-a-file', version: '1.0.0', description: 'x',
        schema(builder) {
          builder.queryField('answer', (t) => t.int({ description: 'The answer.', resolve: () => 42 }));
        },
      });`;
    writeFileSync(join(folder, 'answer.ts'), source);
    const gateway = await startWith(['./answer.ts'], {}, { folder });
    expect(await gateway.execute({ document: '{ answer }' })).toEqual({ data: { answer: 42 } });
    await gateway.dispose();
  });

  test('passes over falsy entries, and counts a plugin that is listed twice once', async () => {
    const gateway = await startWith([false, null, undefined, cook('cook'), guest, guest]);
    await gateway.dispose();
  });

  test('is refused when two plugins have one name', async () => {
    expect(await refusal([cook('cook'), cook('cook', bread)])).toBe(
      'Two plugins are named "cook"; both are listed. Rename one of them.',
    );
  });
});

describe('ports', () => {
  test('are refused when nobody provides one, naming who wanted it', async () => {
    expect(await refusal([guest])).toBe(
      'Plugin "guest" uses port kitchen.soup, which no listed plugin provides. List one that does.',
    );
  });

  test('of the gateway itself are refused in the same way', async () => {
    const started = createGateway({ config: { plugins: [cook('cook')], dataDir: 'memory://' } });
    await expect(started).rejects.toThrow(
      'The gateway uses port platform.eventLog, which no listed plugin provides. List one that does.',
    );
  });

  test('are refused when two plugins provide one and the config is silent, naming both', async () => {
    expect(await refusal([cook('ann'), cook('bob')])).toBe(
      'Port kitchen.soup is provided by ann and bob. Say in the config which one counts: ports: { "kitchen.soup": "bob" }.',
    );
  });

  test('come from the provider that the config names', async () => {
    for (const chosen of ['ann', 'bob']) {
      const gateway = await startWith([cook('ann'), cook('bob'), guest], { ports: { 'kitchen.soup': chosen } });
      expect(gateway.context().use(soup).of).toBe(chosen);
      await gateway.dispose();
    }
  });

  test('are refused when the config names a plugin that does not provide it, or a port that nobody does', async () => {
    expect(await refusal([cook('ann'), guest], { ports: { 'kitchen.soup': 'guest' } })).toBe(
      'The config gives port kitchen.soup to "guest", which does not provide it. It is provided by: ann.',
    );
    expect(await refusal([guest, cook('ann')], { ports: { 'kitchen.wine': 'ann' } })).toBe(
      'The config chooses a provider of port kitchen.wine, which nobody provides.',
    );
  });

  test('may be missing where they are optional', async () => {
    const seen: unknown[] = [];
    const modest = definePlugin({
      ...plain,
      name: 'modest',
      optional: { soup },
      setup({ ports }) {
        seen.push(ports.soup?.of ?? null);
        return undefined;
      },
    });
    await (await startWith([modest])).dispose();
    await (await startWith([modest, cook('cook')])).dispose();
    expect(seen).toEqual([null, 'cook']);
  });

  test('are refused when they are declared and not given, or given and not declared', async () => {
    const silent = definePlugin({ ...plain, name: 'silent', provides: [soup] });
    expect(await refusal([silent])).toBe(
      'Plugin "silent" failed to start: it declares port kitchen.soup but did not provide it.',
    );
    const eager = definePlugin({
      ...plain,
      name: 'eager',
      setup({ provide }) {
        provide(bread, { of: 'eager' });
        return undefined;
      },
    });
    expect(await refusal([eager])).toBe(
      'Plugin "eager" failed to start: it provided port kitchen.bread without declaring it.',
    );
  });
});

describe('the order of setups', () => {
  const started: string[] = [];
  const noted = (name: string, parts: Partial<GatehousePlugin> = {}) =>
    definePlugin({
      ...plain,
      name,
      ...(parts as object),
      setup({ provide }) {
        started.push(name);
        for (const port of parts.provides ?? []) provide(port as typeof soup, { of: name });
        return undefined;
      },
    });

  test('is providers first, whatever the order of the list, and what is depended on is pulled in', async () => {
    started.length = 0;
    const salt = noted('salt');
    const kitchen = noted('kitchen', { provides: [soup], dependsOn: [salt] });
    const table = noted('table', { uses: { soup } });
    await (await startWith([table, kitchen])).dispose();
    expect(started).toEqual(['salt', 'kitchen', 'table']);
  });

  test('is refused when there is none, naming the whole circle', async () => {
    const one = noted('one', { uses: { soup }, provides: [bread] });
    const other = noted('other', { uses: { bread }, provides: [soup] });
    expect(await refusal([one, other])).toBe('Plugins wait for each other in a circle: one → other → one.');
  });
});

describe('declarations', () => {
  const rang = (name: `${string}.${string}.${string}`, type: string) =>
    defineEvent(name, z.object({}), { type, description: 'It rang.', subject: null, seenWith: 'event:read' });

  test('are refused when two plugins declare one event, or two events of one type', async () => {
    const bell = (name: string, event = rang('test.bell.rang', 'BellRang')) =>
      definePlugin({ ...plain, name, events: [event] });
    expect(await refusal([bell('one'), bell('two')])).toBe('Plugin "two" declares event test.bell.rang again.');
    expect(await refusal([bell('one'), bell('two', rang('other.bell.rang', 'BellRang'))])).toBe(
      'Events test.bell.rang and other.bell.rang (plugin "two") both have type BellRang.',
    );
  });

  test('are refused when two plugins declare one area of permissions', async () => {
    const area = { name: 'kitchen', description: 'Pots.', verbs: {}, scope: 'none' } as const;
    const one = definePlugin({ ...plain, name: 'one', permissions: [area] });
    const two = definePlugin({ ...plain, name: 'two', permissions: [area] });
    expect(await refusal([one, two])).toBe('Plugin "two" declares permission area kitchen again.');
  });

  test('are refused when a plugin declares a type that the graph has, naming the plugin', async () => {
    const rival = definePlugin({
      ...plain,
      name: 'rival',
      schema(builder) {
        builder.objectType('Device', { description: 'Another.', fields: () => ({}) });
      },
    });
    expect(await refusal([rival])).toMatch(/^Plugin "rival" cannot add to the graph: .*Device/);
  });

  test('are refused when a plugin refers to a type that nobody has', async () => {
    const lost = definePlugin({
      ...plain,
      name: 'lost',
      schema(builder) {
        builder.queryField('lost', (t) =>
          t.field({ type: 'Spoon' as never, description: 'Lost.', resolve: () => null as never }),
        );
      },
    });
    expect(await refusal([lost])).toMatch(/^The graph of these plugins cannot be built: .*Spoon/);
  });
});
