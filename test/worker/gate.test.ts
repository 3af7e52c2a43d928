import { describe, expect, test } from 'vitest';
import { Gate, type Load, readLoad } from '#plugins/worker/gate.ts';
import { JobWorker } from '#plugins/worker/worker.ts';
import { openJobs } from '../support/jobs.ts';

const mib = 1024 * 1024;

function gateWith(loads: readonly Load[]): Gate {
  let index = 0;
  return new Gate({ maxCpu: 99, minFreeMemory: 32 * mib }, () => {
    index += 1;
    return loads[Math.min(index, loads.length) - 1] as Load;
  });
}

describe('the gate of a worker', () => {
  test('closes when the processors were busy for a minute, not for a moment', () => {
    const busy = (second: number): Load => ({ busy: second * 1000, all: second * 1000, freeMemory: 100 * mib });
    const gate = gateWith([0, 30, 60, 61].map(busy));
    expect(gate.closed(0)).toBeNull();
    expect(gate.closed(30_000)).toBeNull();
    expect(gate.closed(60_000)).toBe('the processors are busy at 100 %');
    const rested = gateWith([0, 30, 60].map((second) => ({ ...busy(second), all: second * 1020 })));
    rested.closed(0);
    rested.closed(30_000);
    expect(rested.closed(60_000)).toBeNull();
  });

  test('closes at once when memory runs out', () => {
    expect(gateWith([{ busy: 0, all: 1, freeMemory: 31 * mib }]).closed(0)).toBe('31 MiB of memory are free');
    expect(gateWith([{ busy: 0, all: 1, freeMemory: 33 * mib }]).closed(0)).toBeNull();
  });

  test('reads the machine', () => {
    const { busy, all, freeMemory } = readLoad();
    expect(all).toBeGreaterThan(busy);
    expect(freeMemory).toBeGreaterThan(0);
  });

  test('lets only jobs with force begin while it is closed', async () => {
    await using open = await openJobs({ works: false });
    const loads = { freeMemory: 0 };
    const gate = new Gate({ maxCpu: 99, minFreeMemory: mib }, () => ({ busy: 0, all: 1, ...loads }));
    const config = { poll: 50, drain: 1000, maxCpu: 99, minFreeMemoryMb: 1, threadMemoryMb: 64, threads: 2 };
    const worker = new JobWorker({ id: () => 'w@test', config, context: () => open.gateway.context(), gate });
    const held = await open.enqueue('other.inline');
    const forced = await open.enqueue('tests.inline', { act: 'nothing' }, { force: true });
    worker.start();
    await open.until(forced.id, ({ state }) => state === 'COMPLETE');
    expect((await open.job(held.id)).state).toBe('PENDING');
    loads.freeMemory = 2 * mib;
    await open.until(held.id, ({ state }) => state === 'COMPLETE');
    await worker.leave();
    expect(worker.size).toBe(0);
  });
});
