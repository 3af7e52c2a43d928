import { describe, expect, test } from 'vitest';
import { UnavailableError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { openUnit, openUnits } from '#kernel/unit.ts';
import { defineTable, openMemory, type Session } from '#plugins/storage-memory/database.ts';

const things = defineTable<number>('thing');

const put = (session: Session, key: string, value: number) => session.run((tables) => tables(things).set(key, value));
const all = (session: Session) => session.run((tables) => [...tables(things).values()]);
const begin = (timeout = 1000) => openUnit(newId(), timeout);

describe('the database in memory', () => {
  test('keeps all of a unit of work at its commit', async () => {
    const { session } = openMemory();
    const unit = begin();
    await put(session(unit), 'a', 1);
    await put(session(unit), 'b', 2);
    expect(await all(session(unit))).toEqual([1, 2]);
    expect(await all(session(null))).toEqual([]);
    await unit.commit();
    expect(await all(session(null))).toEqual([1, 2]);
  });

  test('leaves no trace of a unit that was rolled back', async () => {
    const { session } = openMemory();
    await put(session(null), 'kept', 1);
    const unit = begin();
    await session(unit).run((tables) => {
      tables(things).set('new', 2);
      tables(things).set('kept', 3);
      tables(things).delete('kept');
    });
    await unit.rollback();
    expect(await all(session(null))).toEqual([1]);
  });

  test('keeps nothing of a call that throws', async () => {
    const { session } = openMemory();
    const failed = session(null).run((tables) => {
      tables(things).set('a', 1);
      throw new Error('given up');
    });
    await expect(failed).rejects.toThrow('given up');
    expect(await all(session(null))).toEqual([]);
  });

  test('counts, finds and iterates changed tables as if they were kept already', async () => {
    const { session } = openMemory();
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ] as const)
      await put(session(null), key, value);
    const unit = begin();
    await session(unit).run((tables) => {
      const table = tables(things);
      expect(table.delete('a')).toBe(true);
      expect(table.delete('a')).toBe(false);
      table.set('b', 20);
      table.set('d', 4);
      table.set('e', 5);
      table.delete('e');
      expect([table.size, table.has('a'), table.get('b'), table.has('e'), [...table.values()]]).toEqual([
        3,
        false,
        20,
        false,
        [20, 3, 4],
      ]);
      table.set('a', 10);
      expect([table.size, [...table.values()]]).toEqual([4, [10, 20, 3, 4]]);
    });
    await unit.commit();
    expect(await all(session(null))).toEqual([10, 20, 3, 4]);
  });

  test('lets one unit write at a time, in the order in which they began', async () => {
    const { session } = openMemory();
    const increment = async () => {
      const unit = begin(5000);
      const before = await session(unit).run((tables) => tables(things).get('count') ?? 0);
      await new Promise((resolve) => setTimeout(resolve, 2));
      await put(session(unit), 'count', before + 1);
      await unit.commit();
      return before;
    };
    expect(await Promise.all(Array.from({ length: 20 }, increment))).toEqual(
      Array.from({ length: 20 }, (_, index) => index),
    );
    expect(await all(session(null))).toEqual([20]);
  });

  test('makes a writer outside wait for the open unit, and a reader not', async () => {
    const { session } = openMemory();
    const unit = begin();
    await put(session(unit), 'a', 1);
    const order: string[] = [];
    const writing = put(session(null), 'b', 2).then(() => order.push('writer'));
    await all(session(null)).then(() => order.push('reader'));
    await unit.commit();
    order.push('commit');
    await writing;
    expect(order).toEqual(['reader', 'commit', 'writer']);
    expect(await all(session(null))).toEqual([1, 2]);
  });

  test('refuses a store past the open unit', async () => {
    const { session } = openMemory();
    const unit = begin();
    await openUnits.run(unit, async () => {
      await expect(all(session(null))).rejects.toThrow('Use the context it passes in');
    });
  });

  test('gives a unit up after its time, and lets the next one in', async () => {
    const { session } = openMemory();
    const slow = begin(50);
    await put(session(slow), 'a', 1);
    const next = begin(1000);
    await put(session(next), 'b', 2);
    await expect(put(session(slow), 'a', 2)).rejects.toBeInstanceOf(UnavailableError);
    await expect(slow.commit()).rejects.toBeInstanceOf(UnavailableError);
    await slow.rollback();
    await next.commit();
    expect(await all(session(null))).toEqual([2]);
  });

  test('answers UNAVAILABLE to a unit that waits longer than its time', async () => {
    const { session } = openMemory();
    const first = begin(1000);
    await put(session(first), 'a', 1);
    const second = begin(30);
    await expect(put(session(second), 'b', 2)).rejects.toBeInstanceOf(UnavailableError);
    await first.commit();
    const third = begin();
    await put(session(third), 'c', 3);
    await third.commit();
    expect(await all(session(null))).toEqual([1, 3]);
  });

  test('shares nothing with another one', async () => {
    const [one, other] = [openMemory(), openMemory()];
    await put(one.session(null), 'a', 1);
    expect(await all(other.session(null))).toEqual([]);
  });
});
