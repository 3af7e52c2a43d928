import type { StoredEvent } from '#kernel/event.ts';

interface Entry {
  readonly event: StoredEvent;
  readonly bytes: number;
}

/** The newest events, bounded by number and bytes, without a hole. */
export class EventRing {
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  #entries: Entry[] = [];
  /** How many entries at the front are gone; the array is cut when they are many. */
  #gone = 0;
  #bytes = 0;

  constructor(maxEvents: number, maxBytes: number) {
    this.#maxEvents = maxEvents;
    this.#maxBytes = maxBytes;
  }

  push(event: StoredEvent): void {
    const bytes = Buffer.byteLength(JSON.stringify(event.data)) + 512;
    this.#entries.push({ event, bytes });
    this.#bytes += bytes;
    while (this.#size > this.#maxEvents || (this.#bytes > this.#maxBytes && this.#size > 1)) this.#drop();
    if (this.#gone > 1024 && this.#gone * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#gone);
      this.#gone = 0;
    }
  }

  /** The events after a number, at most `limit`; null when the ring does not reach back to it. */
  after(sequence: number, limit: number): StoredEvent[] | null {
    const first = this.#entries[this.#gone];
    if (!first || sequence < first.event.sequence - 1) return null;
    // Without a hole: the place of a number follows from the first.
    const from = this.#gone + (sequence - first.event.sequence + 1);
    return this.#entries.slice(from, from + limit).map((entry) => entry.event);
  }

  clear(): void {
    this.#entries = [];
    this.#gone = 0;
    this.#bytes = 0;
  }

  get #size(): number {
    return this.#entries.length - this.#gone;
  }

  #drop(): void {
    this.#bytes -= this.#entries[this.#gone]?.bytes ?? 0;
    this.#gone += 1;
  }
}
