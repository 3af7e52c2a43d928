import { type Cidr, compareCidr, covers, isHost } from '#kernel/cidr.ts';

/** Where a prefix belongs among others. */
export interface Place<T> {
  readonly item: T;
  /** Every other one that holds it and is no host address, outermost first. The last one is its parent. */
  readonly ancestors: readonly T[];
}

/**
 * Finds the ancestors of every prefix in one pass over them in order. Prefixes nest or are apart, so those that hold
 * the present one are a stack, at most 129 high. One sweep may be fed in pieces, each piece behind the one before.
 */
export class TreeSweep<T> {
  readonly #cidrOf: (item: T) => Cidr;
  readonly #open: T[] = [];

  constructor(cidrOf: (item: T) => Cidr) {
    this.#cidrOf = cidrOf;
  }

  /** The place of the next prefix in order. */
  place(item: T): Place<T> {
    const cidr = this.#cidrOf(item);
    while (this.#open.length > 0 && !covers(this.#cidrOf(this.#open.at(-1) as T), cidr)) this.#open.pop();
    const ancestors = [...this.#open];
    if (!isHost(cidr)) this.#open.push(item);
    return { item, ancestors };
  }
}

/** The places of prefixes that are all different, in any order. They come back in the order of addresses. */
export function placeAll<T>(items: readonly T[], cidrOf: (item: T) => Cidr): Place<T>[] {
  const sweep = new TreeSweep(cidrOf);
  return [...items].sort((one, other) => compareCidr(cidrOf(one), cidrOf(other))).map((item) => sweep.place(item));
}
