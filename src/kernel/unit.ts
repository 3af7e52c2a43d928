import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * A unit of work: what happens inside one `ctx.atomically`, in all storages that take part, or not at all.
 *
 * A storage joins when it is first used. At the end every branch but one prepares, the branch that holds the event log
 * commits, and the prepared ones follow. So the log decides: a storage that finds a prepared branch after a crash
 * looks there for the unit's id (`tx` of its events) and finishes or forgets it.
 */
export interface UnitOfWork {
  /** A UUIDv7. The events of the unit carry it as `tx`. */
  readonly id: string;
  /** Milliseconds that the unit may take before its storages give it up. */
  readonly timeout: number;
  /** The participant's branch of this unit, begun when first asked for. */
  enlist<B extends Branch>(participant: Participant<B>): Promise<B>;
}

export interface Participant<B extends Branch> {
  readonly name: string;
  begin(unit: UnitOfWork): Promise<B>;
}

export interface Branch {
  /** Makes sure that `commit` cannot fail for a reason that could be known now. */
  prepare?(): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** A unit that its owner can end. */
export interface OwnedUnit extends UnitOfWork {
  /** Runs `append` and takes the branch it uses as the one that decides. */
  appendLast(append: () => Promise<void>): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

export function openUnit(id: string, timeout: number): OwnedUnit {
  const branches = new Map<Participant<Branch>, Promise<Branch>>();
  let deciding: Participant<Branch> | null = null;
  let appending = false;

  const unit: OwnedUnit = {
    id,
    timeout,
    enlist<B extends Branch>(participant: Participant<B>): Promise<B> {
      if (appending) deciding = participant;
      const joined = branches.get(participant) ?? participant.begin(unit);
      branches.set(participant, joined);
      return joined as Promise<B>;
    },
    async appendLast(append) {
      appending = true;
      try {
        await append();
      } finally {
        appending = false;
      }
    },
    async commit() {
      const decides = deciding ?? branches.keys().next().value;
      const others = [...branches].filter(([participant]) => participant !== decides).map(([, branch]) => branch);
      for (const branch of others) await (await branch).prepare?.();
      if (decides) await (await branches.get(decides))?.commit();
      for (const branch of others) await (await branch).commit();
    },
    async rollback() {
      await Promise.allSettled([...branches.values()].map(async (branch) => (await branch).rollback()));
    },
  };
  return unit;
}

/**
 * The unit open in the present chain of calls. Only a guard: a storage with one connection would wait for ever if it
 * were used past the open unit, so it throws instead. Ports are always reached through the context.
 */
export const openUnits = new AsyncLocalStorage<UnitOfWork | null>();
