import { type Frame, withExtensions } from '#http/live/frame.ts';

/** The newest frame of a subject, and how many frames it stands for. */
interface Coalesced {
  readonly frame: Frame;
  readonly count: number;
}

/** Frames that wait for a slow client: the newest of each subject, in the order in which they came. */
export class CoalescedFrames {
  readonly #bySubject = new Map<string, Coalesced>();
  #bytes = 0;

  get size(): number {
    return this.#bySubject.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(frame: Frame): void {
    const before = this.#bySubject.get(frame.subject);
    // Removed first, so that the map stays in the order of the newest of each subject.
    if (before) this.remove(before);
    this.#bySubject.set(frame.subject, { frame, count: (before?.count ?? 0) + 1 });
    this.#bytes += frame.bytes;
  }

  remove({ frame }: Coalesced): void {
    if (this.#bySubject.delete(frame.subject)) this.#bytes -= frame.bytes;
  }

  clear(): void {
    this.#bySubject.clear();
    this.#bytes = 0;
  }

  [Symbol.iterator](): Iterator<Coalesced> {
    return this.#bySubject.values();
  }
}

/** What is sent of a frame that may stand for several. */
export const payloadOf = ({ frame, count }: Coalesced): string =>
  count === 1 ? frame.payload : withExtensions(frame.body, { cursor: frame.cursor, coalesced: count });
