/**
 * What a protocol package is given as the results of a subscription whose frames the hub writes itself: it yields
 * nothing, and ends when the operation does.
 */
export class ParkedResults implements AsyncGenerator<never, void, void> {
  readonly #ended: () => void;
  #finish: (result: IteratorResult<never, void>) => void = () => undefined;
  readonly #finished = new Promise<IteratorResult<never, void>>((resolve) => {
    this.#finish = resolve;
  });

  /** @param ended called when the client or the package ends it. */
  constructor(ended: () => void) {
    this.#ended = ended;
  }

  next(): Promise<IteratorResult<never, void>> {
    return this.#finished;
  }

  return(): Promise<IteratorResult<never, void>> {
    this.#ended();
    this.finish();
    return this.#finished;
  }

  throw(): Promise<IteratorResult<never, void>> {
    return this.return();
  }

  /** The hub ended it. */
  finish(): void {
    this.#finish({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
