import { Duplex } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';

/**
 * The wire of one node-postgres client that ends in the embedded database instead of a socket. So the embedded
 * database and a server are used through the same driver, with the same conversions and the same errors.
 *
 * The embedded database has a single session: at most one wire may be open to it at a time.
 */
export class EmbeddedWire extends Duplex {
  readonly #database: PGlite;
  readonly #prelude: string;
  #waiting: Buffer[] = [];
  #started = false;

  /** @param prelude what the session does first. */
  constructor(database: PGlite, prelude: string) {
    super();
    this.#database = database;
    this.#prelude = prelude;
  }

  // What node-postgres asks of a socket.
  setNoDelay(): void {}
  ref(): void {}
  unref(): void {}
  connect(): void {
    // The wire before this one may have been dropped inside a transaction, which a server would roll back.
    this.#reset().then(
      () => this.emit('connect'),
      (error: Error) => this.destroy(error),
    );
  }

  async #reset(): Promise<void> {
    await this.#database.exec('ROLLBACK');
    await this.#database.exec('DISCARD ALL');
    await this.#database.exec(this.#prelude);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#take([chunk], done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#take(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  #take(chunks: readonly Buffer[], done: (error?: Error | null) => void): void {
    if (!this.#started) {
      this.#started = true;
      this.push(welcome);
      done();
      return;
    }
    this.#waiting.push(...chunks);
    const messages = Buffer.concat(this.#waiting);
    const last = lastWholeMessage(messages);
    if (last === 'X') {
      this.push(null);
      done();
      return;
    }
    if (last === null || !answered.has(last)) {
      done();
      return;
    }
    this.#waiting = [];
    this.#database.execProtocolRaw(messages).then(
      (answer) => {
        // The database may use its buffer again.
        this.push(Buffer.from(answer));
        done();
      },
      (error: Error) => done(error),
    );
  }
}

/** AuthenticationOk, then ReadyForQuery outside a transaction. */
const welcome = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);

/** Messages after which the client waits for an answer: Query, Sync, Flush, and the parts of a copy. */
const answered: ReadonlySet<string> = new Set(['Q', 'S', 'H', 'd', 'c', 'f']);

/** The type of the last message, or null while its end has not arrived. */
function lastWholeMessage(messages: Buffer): string | null {
  let at = 0;
  let type: string | null = null;
  while (at + 5 <= messages.length) {
    type = String.fromCharCode(messages.readUInt8(at));
    at += 1 + messages.readUInt32BE(at + 1);
  }
  return at === messages.length ? type : null;
}
