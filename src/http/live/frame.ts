/** One rendered event of a cohort: serialised once, framed for each connection. */
export interface Frame {
  readonly sequence: number;
  readonly subject: string;
  readonly cursor: string;
  /** The result as JSON, without its closing `extensions`. */
  readonly body: string;
  /** The result as JSON, whole. */
  readonly payload: string;
  readonly bytes: number;
  /** The stream ends with it. */
  readonly last?: boolean;
}

/** A present state, rendered. */
export interface PresentFrame {
  readonly frame: Frame;
  readonly version: number;
}

export function makeFrame(position: { sequence: number; cursor: string; subject: string }, result: object): Frame {
  const body = JSON.stringify(result).slice(0, -1);
  const payload = withExtensions(body, { cursor: position.cursor });
  return { ...position, body, payload, bytes: Buffer.byteLength(payload) };
}

/** The payload of a result whose body was cut before its `extensions`. */
export const withExtensions = (body: string, extensions: object): string =>
  `${body}${body === '{' ? '' : ','}"extensions":${JSON.stringify(extensions)}}`;

/**
 * The newest frames of a cohort, bounded by number and bytes. Readers hold a place in it, not a queue of their own, so
 * memory does not grow with their number. Places are counted from the first frame ever.
 */
export class FrameRing {
  readonly #maxItems: number;
  readonly #maxBytes: number;
  #frames: Frame[] = [];
  #gone = 0;
  #base = 0;
  #bytes = 0;
  /** Frames up to this number are not here any more. */
  #evicted: number;

  constructor(maxItems: number, maxBytes: number, start: number) {
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
    this.#evicted = start;
  }

  /** The place of the oldest frame. */
  get base(): number {
    return this.#base;
  }

  /** The place after the newest frame. */
  get end(): number {
    return this.#base + this.#frames.length - this.#gone;
  }

  get evicted(): number {
    return this.#evicted;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += frame.bytes;
    // The newest stays, however large it is: it must reach whoever is not behind.
    while (this.end - this.#base > 1 && (this.end - this.#base > this.#maxItems || this.#bytes > this.#maxBytes))
      this.#drop();
    if (this.#gone > 256 && this.#gone * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#gone);
      this.#gone = 0;
    }
  }

  at(place: number): Frame | null {
    return place < this.#base ? null : (this.#frames[this.#gone + place - this.#base] ?? null);
  }

  /** Bytes of the frames from a place on. */
  bytesFrom(place: number): number {
    let bytes = 0;
    for (let at = Math.max(place, this.#base); at < this.end; at += 1) bytes += this.at(at)?.bytes ?? 0;
    return bytes;
  }

  /** The place of the first frame after a number; the ring must reach back to it. */
  placeAfter(sequence: number): number {
    let low = this.#base;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.at(middle)?.sequence ?? 0) > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #drop(): void {
    const oldest = this.#frames[this.#gone];
    this.#gone += 1;
    this.#base += 1;
    this.#bytes -= oldest?.bytes ?? 0;
    this.#evicted = oldest?.sequence ?? this.#evicted;
  }
}
