import type { Context } from '#kernel/context.ts';
import { defineManyPort } from '#kernel/port.ts';

/** Deletes what has been kept for long enough. Asked once an hour, by one process at a time. */
export interface Sweeper {
  /** What it deletes, for people: `sessions`. */
  readonly name: string;
  /** Deletes some, so that a call takes a moment, and answers how many: 0 when nothing is left to delete. */
  sweep(ctx: Context): Promise<number>;
}

export const sweepers = defineManyPort<Sweeper>('sweeper');
