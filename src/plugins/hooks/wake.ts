import type { Background } from '#kernel/background.ts';
import type { TicketQueue } from '#kernel/tickets.ts';
import type { Branch, Participant, UnitOfWork } from '#kernel/unit.ts';
import type { HookWake } from '#resolvers/platform/hooks/wake.ts';

/** The topic of tickets, and the key of its only one: one wake-up is enough, however much is due. */
const topic = 'hook';
const anyDelivery = 'now';

/** Carries wake-ups to the sender of this process, or to that of another where it has none. */
export class WakeUps {
  readonly #queue: TicketQueue;
  readonly #background: () => Background;
  readonly #now: () => number;
  #own: (() => void) | null = null;

  /** @param now milliseconds since the epoch. */
  constructor(queue: TicketQueue, background: () => Background, now: () => number) {
    this.#queue = queue;
    this.#background = background;
    this.#now = now;
  }

  /** @returns how to stop. */
  async hear(woken: () => void): Promise<() => Promise<void>> {
    this.#own = woken;
    const stop = await this.#queue.consume(topic, async () => woken());
    return async () => {
      this.#own = null;
      await stop();
    };
  }

  /** The port as one unit of work has it. */
  bound(unit: UnitOfWork | null): HookWake {
    return { due: () => (unit ? void unit.enlist(this.#afterCommit) : this.#tell()) };
  }

  readonly #afterCommit: Participant<Branch> = {
    name: 'hooks.wake',
    begin: async () => ({ commit: async () => this.#tell(), rollback: async () => undefined }),
  };

  #tell(): void {
    const tell = this.#own;
    if (tell) this.#background().run('hooks.wake', async () => tell());
    else this.#background().run('hooks.wake', () => this.#queue.put(topic, [{ key: anyDelivery, runAt: this.#now() }]));
  }
}
