import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { newId } from '#kernel/id.ts';
import { leases } from '#kernel/leases.ts';
import { scheduleStore } from '#resolvers/platform/schedules/schedule.ts';
import { type Daemon, daemonStore } from '#resolvers/platform/system/daemon.ts';
import { modeStore } from '#resolvers/platform/system/mode.ts';
import { type ContractSuite, sharedStorage } from '../suite.ts';

const instant = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
const never = new AbortController().signal;

/** What every provider of leases keeps to. */
export const leaseContract: ContractSuite = (name, open) => {
  describe(`leases in ${name}`, () => {
    const storage = sharedStorage(open);

    test('gives a name to one of many who ask at once', async () => {
      const store = storage.use(leases);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.acquire('relay', `owner-${index}`, 60_000)),
      );
      const winners = answers.filter((lease) => lease !== null);
      expect(winners.length).toBe(1);
      expect(winners[0]?.token).toBe(1);
      expect(await store.acquire('relay', winners[0]?.owner ?? '', 60_000)).toBeNull();
      expect(await store.acquire('another', 'owner-1', 60_000)).toMatchObject({ token: 1 });
    });

    test('gives a higher token each time, also after a release', async () => {
      const store = storage.use(leases);
      const first = await store.acquire('relay', 'a', 60_000);
      if (!first) throw new Error('not acquired');
      await store.release(first);
      expect(await store.renew(first, 60_000)).toBe(false);
      const second = await store.acquire('relay', 'b', 60_000);
      expect(second).toEqual({ name: 'relay', owner: 'b', token: 2 });
      await store.release(first);
      expect(await store.renew(second ?? first, 60_000)).toBe(true);
    });

    test('is over after its time, unless it was renewed', async () => {
      const store = storage.use(leases);
      const kept = await store.acquire('kept', 'a', 300);
      const left = await store.acquire('left', 'a', 300);
      if (!kept || !left) throw new Error('not acquired');
      await sleep(200);
      expect(await store.renew(kept, 60_000)).toBe(true);
      expect(await store.acquire('left', 'b', 60_000)).toBeNull();
      await sleep(200);
      expect(await store.acquire('kept', 'b', 60_000)).toBeNull();
      expect(await store.renew(left, 60_000)).toBe(false);
      expect(await store.acquire('left', 'b', 60_000)).toMatchObject({ owner: 'b', token: 2 });
    });

    test('holds a name alone until it is released, and ends the waiting of who gives up', async () => {
      const store = storage.use(leases);
      const first = await store.hold('tower', never);
      expect(first?.lost.aborted).toBe(false);
      const patience = new AbortController();
      const impatient = store.hold('tower', patience.signal);
      const order: string[] = [];
      const second = store.hold('tower', never).then((hold) => {
        order.push('held');
        return hold;
      });
      const other = await store.hold('relay', never);
      await sleep(50);
      patience.abort();
      expect(await impatient).toBeNull();
      order.push('released');
      await first?.release();
      const hold = await second;
      expect(order).toEqual(['released', 'held']);
      await hold?.release();
      await other?.release();
    });
  });
};

/** What every storage of the modes keeps to. */
export const modeContract: ContractSuite = (name, open) => {
  describe(`modes in ${name}`, () => {
    const storage = sharedStorage(open);

    test('enters and leaves maintenance, each once', async () => {
      const modes = storage.use(modeStore);
      expect(await modes.read()).toEqual({ global: null, projects: [], haltAt: null });
      const maintenance = { since: instant(1), by: 'ada' };
      expect(await modes.enter(null, maintenance)).toBe(true);
      expect(await modes.enter(null, { since: instant(2), by: 'bob' })).toBe(false);
      expect(await modes.enter('tests', maintenance)).toBe(true);
      expect(await modes.enter('alpha', maintenance)).toBe(true);
      expect(await modes.read()).toEqual({
        global: maintenance,
        projects: [
          { project: 'alpha', ...maintenance },
          { project: 'tests', ...maintenance },
        ],
        haltAt: null,
      });
      expect(await modes.leave(null)).toBe(true);
      expect(await modes.leave(null)).toBe(false);
      expect(await modes.leave('tests')).toBe(true);
      expect(await modes.leave('nowhere')).toBe(false);
      expect(await modes.read()).toEqual({
        global: null,
        projects: [{ project: 'alpha', ...maintenance }],
        haltAt: null,
      });
    });

    test('keeps when daemons were last asked to leave', async () => {
      const modes = storage.use(modeStore);
      await modes.halt(instant(1));
      await modes.halt(instant(2));
      expect((await modes.read()).haltAt).toBe(instant(2));
    });
  });
};

const newDaemon = (over: Partial<Daemon> = {}): Daemon => ({
  id: 'worker@here',
  run: newId(),
  kind: 'WORKER',
  hostname: 'here',
  pid: 7,
  startedAt: instant(0),
  heartbeatAt: null,
  phase: 'STARTING',
  mode: 'NORMAL',
  ...over,
});

/** What every storage of daemons keeps to. */
export const daemonContract: ContractSuite = (name, open) => {
  describe(`daemons in ${name}`, () => {
    const storage = sharedStorage(open);

    test('gives an id to one of those who want it, and to the next when that run is over', async () => {
      const daemons = storage.use(daemonStore);
      const runs = Array.from({ length: 5 }, () => newDaemon());
      const answers = await Promise.all(runs.map((daemon) => daemons.register(daemon, null)));
      expect(answers.filter(Boolean).length).toBe(1);
      const first = runs[answers.indexOf(true)] as Daemon;
      expect(await daemons.list()).toEqual([first]);
      const next = newDaemon({ startedAt: instant(100), pid: 8 });
      expect(await daemons.register(next, null)).toBe(false);
      expect(await daemons.register(next, newId())).toBe(false);
      expect(await daemons.register(next, first.run)).toBe(true);
      expect(await daemons.list()).toEqual([next]);
      expect(await daemons.beat(first.run, { heartbeatAt: instant(9), phase: 'RUNNING', mode: 'NORMAL' })).toBe(false);
    });

    test('keeps the heartbeat of a run, and lists by kind and id', async () => {
      const daemons = storage.use(daemonStore);
      const worker = newDaemon({ id: 'b@here' });
      const other = newDaemon({ id: 'a@here' });
      const app = newDaemon({ id: 'z@here', kind: 'APP' });
      for (const daemon of [worker, other, app]) await daemons.register(daemon, null);
      const beat = { heartbeatAt: instant(15), phase: 'RUNNING', mode: 'MAINTENANCE' } as const;
      expect(await daemons.beat(worker.run, beat)).toBe(true);
      expect(await daemons.list()).toEqual([app, other, { ...worker, ...beat }]);
    });

    test('gives each silent daemon to one caller, once', async () => {
      const daemons = storage.use(daemonStore);
      const silent = newDaemon({ id: 'silent@here' });
      const loud = newDaemon({ id: 'loud@here' });
      const gone = newDaemon({ id: 'gone@here', phase: 'STOPPED' });
      for (const daemon of [silent, loud, gone]) await daemons.register(daemon, null);
      await daemons.beat(loud.run, { heartbeatAt: instant(50), phase: 'RUNNING', mode: 'NORMAL' });
      const answers = await Promise.all([daemons.takeSilent(instant(30)), daemons.takeSilent(instant(30))]);
      expect(answers.flat()).toEqual([{ ...silent, phase: 'STOPPED' }]);
      expect(await daemons.takeSilent(instant(30))).toEqual([]);
      expect(await daemons.beat(silent.run, { heartbeatAt: instant(60), phase: 'RUNNING', mode: 'NORMAL' })).toBe(
        false,
      );
    });

    test('forgets those that stopped long ago', async () => {
      const daemons = storage.use(daemonStore);
      await daemons.register(newDaemon({ id: 'old@here', phase: 'STOPPED' }), null);
      await daemons.register(newDaemon({ id: 'young@here', phase: 'STOPPED', heartbeatAt: instant(90) }), null);
      await daemons.register(newDaemon({ id: 'alive@here' }), null);
      expect(await daemons.forget(instant(60))).toBe(1);
      expect((await daemons.list()).map(({ id }) => id)).toEqual(['alive@here', 'young@here']);
    });
  });
};

/** What every storage of schedules keeps to. */
export const scheduleContract: ContractSuite = (name, open) => {
  describe(`schedules in ${name}`, () => {
    const storage = sharedStorage(open);

    test('begins a schedule when it is first seen', async () => {
      const schedules = storage.use(scheduleStore);
      const first = { name: 'tests.a', previous: null, firstSeenAt: instant(0) };
      expect(await schedules.see(['tests.a'], instant(0))).toEqual([first]);
      const second = { name: 'tests.b', previous: null, firstSeenAt: instant(5) };
      expect(await schedules.see(['tests.b', 'tests.a'], instant(5))).toEqual([second, first]);
      expect(await schedules.see([], instant(5))).toEqual([]);
    });

    test('lets one of several move it on', async () => {
      const schedules = storage.use(scheduleStore);
      await schedules.see(['tests.a'], instant(0));
      const first = await Promise.all(Array.from({ length: 5 }, () => schedules.advance('tests.a', null, instant(60))));
      expect(first.filter(Boolean).length).toBe(1);
      expect(await schedules.advance('tests.a', null, instant(120))).toBe(false);
      expect(await schedules.advance('tests.a', instant(60), instant(120))).toBe(true);
      expect(await schedules.see(['tests.a'], instant(999))).toEqual([
        { name: 'tests.a', previous: instant(120), firstSeenAt: instant(0) },
      ]);
    });
  });
};
