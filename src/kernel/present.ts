import type { Context } from '#kernel/context.ts';
import { definePort } from '#kernel/port.ts';

/**
 * Words. *Present state*: what is true of a thing at work now, such as how far it is. It is no event: it has no number,
 * nobody keeps it, and the next one takes its place.
 */
export interface PresentDefinition<State> {
  /** The GraphQL type of the item with which streams tell it. */
  readonly type: string;
  /** Never set: carries the type. */
  readonly state?: State;
}

export const definePresent = <State extends object>(type: string): PresentDefinition<State> => ({ type });

/** A state as it was told. */
export interface Told<State = unknown> {
  readonly type: string;
  /** Global id of the thing. */
  readonly subject: string;
  readonly state: State;
  /** Rises with every state that this process hears. */
  readonly version: number;
}

/** Where work tells how it stands, and whoever watches hears it, in every process of the storage. */
export interface PresentStates {
  /**
   * Tells a state, plain JSON of a few kilobytes. It takes no part in a unit of work and waits for none, so it may be
   * called inside one; watchers are not part of that unit. Nobody is promised every state, only a newer one in place of
   * one that he missed: so the end of a thing is told by an event.
   */
  tell<State extends object>(definition: PresentDefinition<State>, subject: string, state: State): void;
  /** The last state of a thing that this process heard; null when it heard none, or long ago. */
  latest<State extends object>(definition: PresentDefinition<State>, subject: string): Told<State> | null;
  /** Calls `heard` with every state. @returns how to stop. */
  listen(heard: (told: Told) => void): () => void;
}

export const presentStates = definePort<PresentStates>('presentStates');

/** The present state of a thing as a stream begins with it. */
export interface Present {
  readonly state: object;
  /** Whether nothing more will happen to it: the stream ends when it has told what happened before. */
  readonly ended: boolean;
}

/** What of the present a stream tells beside its events. */
export interface PresentWatch {
  readonly type: string;
  readonly subject: string;
  /** The state as it is kept, read when a stream begins. What was told since takes its place unless it has ended. */
  read(ctx: Context): Promise<Present>;
}
