import { defineTable, type Session } from '#plugins/storage-memory/database.ts';
import { compareText } from '#plugins/storage-memory/page.ts';
import { type Daemon, type DaemonStore, type Heartbeat, heardOf } from '#resolvers/platform/system/daemon.ts';

const daemonTable = defineTable<Daemon>('daemon');

/** How many a list shows. */
const most = 1000;

export class MemoryDaemons implements DaemonStore {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  register(daemon: Daemon, over: string | null): Promise<boolean> {
    return this.#session.run((tables) => {
      const present = tables(daemonTable).get(daemon.id);
      if ((present?.run ?? null) !== over) return false;
      tables(daemonTable).set(daemon.id, daemon);
      return true;
    });
  }

  beat(run: string, beat: Heartbeat): Promise<boolean> {
    return this.#session.run((tables) => {
      const present = [...tables(daemonTable).values()].find((daemon) => daemon.run === run);
      if (!present || present.phase === 'STOPPED') return false;
      tables(daemonTable).set(present.id, { ...present, ...beat });
      return true;
    });
  }

  list(): Promise<Daemon[]> {
    return this.#session.run((tables) =>
      [...tables(daemonTable).values()]
        .sort((one, other) => heardOf(other) - heardOf(one))
        .slice(0, most)
        .sort((one, other) => compareText(one.kind, other.kind) || compareText(one.id, other.id)),
    );
  }

  takeSilent(since: string): Promise<Daemon[]> {
    return this.#session.run((tables) => {
      const silent = [...tables(daemonTable).values()]
        .filter((daemon) => daemon.phase !== 'STOPPED' && heardOf(daemon) < Date.parse(since))
        .map((daemon): Daemon => ({ ...daemon, phase: 'STOPPED' }));
      for (const daemon of silent) tables(daemonTable).set(daemon.id, daemon);
      return silent;
    });
  }

  forget(before: string): Promise<number> {
    return this.#session.run((tables) => {
      const old = [...tables(daemonTable).values()].filter(
        (daemon) => daemon.phase === 'STOPPED' && heardOf(daemon) < Date.parse(before),
      );
      for (const { id } of old) tables(daemonTable).delete(id);
      return old.length;
    });
  }
}
