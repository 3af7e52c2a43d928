import { LRUCache } from 'lru-cache';
import type { Broadcast } from '#kernel/broadcast.ts';
import { newId } from '#kernel/id.ts';
import type { PresentDefinition, PresentStates, Told } from '#kernel/present.ts';
import { openUnits } from '#kernel/unit.ts';

/** How many things' states are remembered. */
const remembered = 10_000;
/** The most bytes that a broadcast carries. */
const longest = 7000;

/** A state on its way to other processes. */
interface Message {
  readonly from: string;
  readonly type: string;
  readonly subject: string;
  readonly state: object;
}

/** The present states that one process hears: its own at once, those of the others by broadcast. */
export class PresentBoard implements PresentStates {
  readonly #self = newId();
  readonly #states = new LRUCache<string, Told<object>>({ max: remembered });
  readonly #listeners = new Set<(told: Told) => void>();
  #broadcast: Broadcast | null = null;
  #version = 0;

  /** From here on it hears other processes, and they hear it. @returns how to stop. */
  async connect(broadcast: Broadcast): Promise<() => Promise<void>> {
    this.#broadcast = broadcast;
    const stop = await broadcast.listen((text) => this.#hear(text));
    return async () => {
      this.#broadcast = null;
      await stop();
    };
  }

  tell<State extends object>({ type }: PresentDefinition<State>, subject: string, state: State): void {
    const text = JSON.stringify({ from: this.#self, type, subject, state } satisfies Message);
    if (Buffer.byteLength(text) > longest) throw new Error(`A state of ${type} is longer than ${longest} bytes.`);
    this.#keep(type, subject, state);
    this.#broadcast?.send(text);
  }

  latest<State extends object>({ type }: PresentDefinition<State>, subject: string): Told<State> | null {
    return (this.#states.get(keyOf(type, subject)) as Told<State> | undefined) ?? null;
  }

  listen(heard: (told: Told) => void): () => void {
    // The same function may be given twice.
    const own = (told: Told) => heard(told);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  #hear(text: string): void {
    const { from, type, subject, state } = JSON.parse(text) as Message;
    if (from !== this.#self) this.#keep(type, subject, state);
  }

  #keep(type: string, subject: string, state: object): void {
    this.#version += 1;
    const told: Told<object> = { type, subject, state, version: this.#version };
    this.#states.set(keyOf(type, subject), told);
    // Told perhaps inside a unit of work: whoever hears it is not part of that unit.
    openUnits.run(null, () => {
      for (const listener of this.#listeners) listener(told);
    });
  }
}

const keyOf = (type: string, subject: string): string => `${type} ${subject}`;
