import { expect, test } from 'vitest';
import { listenerStore } from '#kernel/listener.ts';
import { onEveryStorage } from '../harness.ts';
import { type ContractSuite, sharedStorage } from '../suite.ts';

/** What every storage of the places of listeners keeps to. */
const listenerContract: ContractSuite = (name, open) => {
  const storage = sharedStorage(open);
  const take = (listener: string, start = 0) => storage.atomically((use) => use(listenerStore).take(listener, start));
  const move = (listener: string, to: number) =>
    storage.atomically(async (use) => {
      await use(listenerStore).take(listener, 0);
      await use(listenerStore).move(listener, to);
    });

  test(`${name} begins a listener at its start, once`, async () => {
    expect(await take('a.one', 7)).toBe(7);
    expect(await take('a.one', 9)).toBe(7);
    expect(await take('a.other', 9)).toBe(9);
  });

  test(`${name} keeps a place that its unit moved, and forgets it with a unit that failed`, async () => {
    await move('b.one', 2 ** 40);
    const failing = storage.atomically(async (use) => {
      await use(listenerStore).take('b.one', 0);
      await use(listenerStore).move('b.one', 2 ** 41);
      throw new Error('the unit fails');
    });
    await expect(failing).rejects.toThrow('the unit fails');
    expect(await take('b.one')).toBe(2 ** 40);
  });

  test(`${name} never lets two units move one place from the same number`, async () => {
    await take('c.one', 0);
    const step = () =>
      storage.atomically(async (use) => {
        const place = await use(listenerStore).take('c.one', 0);
        if (place === null) return null;
        await use(listenerStore).move('c.one', place + 1);
        return place;
      });
    const taken = (await Promise.all(Array.from({ length: 20 }, step))).filter((place) => place !== null);
    expect(taken.toSorted((one, other) => one - other)).toEqual(taken.map((_, index) => index));
    expect(await take('c.one')).toBe(taken.length);
  });
};

onEveryStorage(listenerContract);
