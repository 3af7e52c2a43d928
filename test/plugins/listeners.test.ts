import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createGateway, type Gateway } from '#gateway';
import { defineEvent } from '#kernel/event.ts';
import type { Listener } from '#kernel/listener.ts';
import { definePlugin } from '#plugins/define.ts';
import { newServerDatabase, stopSharedServer } from '../support/database.ts';
import { findPostgres } from '../support/postgres.ts';
import { startWith } from './support.ts';

const event = (name: `${string}.${string}.${string}`, type: string) =>
  defineEvent(name, z.object({ n: z.number() }), {
    type,
    description: 'Something of the test.',
    subject: null,
    seenWith: 'event:read',
  });
const struck = event('test.bell.struck', 'BellStruck');
const echoed = event('test.bell.echoed', 'BellEchoed');
const muted = event('test.horn.muted', 'HornMuted');

const plugin = (listeners: readonly Listener[]) =>
  definePlugin({
    name: 'bells',
    version: '1.0.0',
    description: 'Listens.',
    events: [struck, echoed, muted],
    listeners,
  });

const running: Gateway[] = [];
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.dispose();
});
afterAll(stopSharedServer);

async function start(listeners: readonly Listener[]): Promise<Gateway> {
  const gateway = await startWith([plugin(listeners)], { events: { poll: '100ms' } });
  running.push(gateway);
  gateway.work();
  return gateway;
}

const append = (gateway: Gateway, numbers: readonly number[], definition = struck) =>
  gateway.context().atomically(async (ctx) => {
    for (const n of numbers) ctx.events.append(definition, { n }, { scope: {} });
  });
const numberOf = ({ data }: { data: unknown }) => (data as { n: number }).n;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('a listener', () => {
  test('is given each event that its patterns mean, once and in order', async () => {
    const heard: string[] = [];
    const gateway = await start([
      {
        name: 'test.all',
        events: ['test.bell.*'],
        handle: async (_, events) => void heard.push(...events.map((event) => `${event.name} ${numberOf(event)}`)),
      },
    ]);
    await append(gateway, range(0, 700));
    await append(gateway, [0], muted);
    await append(gateway, [0], echoed);
    await vi.waitFor(() => expect(heard.length).toBeGreaterThanOrEqual(701));
    expect(heard).toEqual([...range(0, 700).map((n) => `test.bell.struck ${n}`), 'test.bell.echoed 0']);
  });

  test('hears nothing of a change that was rolled back, nor of what was before it first began', async () => {
    const heard: number[] = [];
    const gateway = await startWith(
      [
        plugin([
          {
            name: 'test.late',
            events: ['test.*'],
            handle: async (_, events) => void heard.push(...events.map(numberOf)),
          },
        ]),
      ],
      { events: { poll: '100ms' } },
    );
    running.push(gateway);
    const failing = gateway.context().atomically(async (ctx) => {
      ctx.events.append(struck, { n: 1 }, { scope: {} });
      throw new Error('given up');
    });
    await expect(failing).rejects.toThrow('given up');
    gateway.work();
    await append(gateway, [2]);
    await vi.waitFor(() => expect(heard).toEqual([2]));
  });

  test('keeps what it writes together with its place, or neither', async () => {
    const echoes: number[] = [];
    let fails = 2;
    const gateway = await start([
      {
        name: 'test.echo',
        events: [struck.name],
        async handle(ctx, events) {
          for (const event of events) ctx.events.append(echoed, { n: numberOf(event) }, { scope: {} });
          if (fails-- > 0) throw new Error('not now');
        },
      },
      {
        name: 'test.witness',
        events: [echoed.name],
        handle: async (_, events) => void echoes.push(...events.map(numberOf)),
      },
    ]);
    await append(gateway, [1, 2, 3]);
    await vi.waitFor(() => expect(echoes).toEqual([1, 2, 3]), { timeout: 8000 });
    await pause(300);
    expect(echoes).toEqual([1, 2, 3]);
  });

  test('that fails at one event is done with those before it, and holds up nobody else', async () => {
    const done: number[] = [];
    const others: number[] = [];
    const gateway = await start([
      {
        name: 'test.stumbles',
        events: ['test.*'],
        async handle(_, events) {
          if (events.some((event) => numberOf(event) === 3)) throw new Error('never three');
          done.push(...events.map(numberOf));
        },
      },
      {
        name: 'test.walks',
        events: ['test.*'],
        handle: async (_, events) => void others.push(...events.map(numberOf)),
      },
    ]);
    await append(gateway, [1, 2, 3, 4]);
    await vi.waitFor(() => expect(others).toEqual([1, 2, 3, 4]));
    await vi.waitFor(() => expect(done).toEqual([1, 2]), { timeout: 8000 });
  });
});

describe.skipIf(!findPostgres())('on one PostgreSQL', () => {
  test('two gateways share the events of a listener, and a later one goes on where they ended', async () => {
    const url = await newServerDatabase();
    const heard: number[] = [];
    const listener: Listener = {
      name: 'test.shared',
      events: [struck.name],
      async handle(_, events) {
        await pause(2);
        heard.push(...events.map(numberOf));
      },
    };
    const open = async () => {
      const gateway = await createGateway({
        config: {
          plugins: ['default', plugin([listener])],
          storage: { url },
          events: { poll: '100ms' },
          accounts: { adminPassword: 'a password of tests' },
          log: { level: 'silent' },
        },
      });
      gateway.work();
      return gateway;
    };
    const [one, other] = [await open(), await open()];
    for (const n of range(0, 60)) await append(n % 2 ? one : other, [n]);
    await vi.waitFor(() => expect(heard.length).toBeGreaterThanOrEqual(60), { timeout: 8000 });
    await one.dispose();
    await append(other, [60]);
    await other.dispose();
    const last = await open();
    running.push(last);
    await vi.waitFor(() => expect(heard).toEqual(range(0, 61)), { timeout: 8000 });
  });
});

describe('a plugin is refused', () => {
  const listener = (name: string, events: string[]): Listener => ({ name, events, handle: async () => undefined });

  test.each([
    [[listener('a.b', ['*']), listener('a.b', ['x.y.z'])], 'Plugin "bells" declares listener a.b again.'],
    [[listener('a.b', ['not a pattern'])], 'Listener a.b of plugin "bells": "not a pattern" is no event pattern'],
  ])('for listeners that cannot work: %#', async (listeners, message) => {
    await expect(startWith([plugin(listeners)])).rejects.toThrow(message);
  });
});
