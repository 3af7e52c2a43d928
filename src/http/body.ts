import { ReadableStream } from 'node:stream/web';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { InputError, PayloadTooLargeError } from '#kernel/errors.ts';

/**
 * The body of a request as JSON.
 * @param max in bytes.
 * @throws PayloadTooLargeError as soon as more than that was announced or has come, InputError for what is no JSON.
 */
export async function readJson(request: Request, max: number): Promise<unknown> {
  const bytes = await readBytes(request, max);
  if (bytes.byteLength === 0) throw InputError.at([], 'The body is empty: send a JSON object with a query.');
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    // Only the place: the rest of the message quotes the body, and with it whatever secret it holds.
    const place = error instanceof Error ? / at position \d+/.exec(error.message)?.[0] : undefined;
    throw InputError.at([], `The body is no JSON in UTF-8: it ceases to be${place ?? ' before its end'}.`);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The body of a request as it comes.
 * @param key of the config that says `max`, for the message.
 * @throws PayloadTooLargeError at once when more was announced, and from the iteration as soon as more has come.
 */
export function streamBody(request: Request, max: number, key: string): AsyncIterable<Uint8Array> {
  refuseAnnounced(request, max, key);
  return request.body ? limited(request.body, max, key) : noBody();
}

async function* noBody(): AsyncGenerator<Uint8Array, void, void> {}

/** The same request, whose body cannot be read beyond `max` bytes: reading it throws PayloadTooLargeError. */
export function withLimitedBody(request: Request, max: number, signal: AbortSignal): Request {
  refuseAnnounced(request, max);
  const body = request.body && (ReadableStream.from(limited(request.body, max)) as unknown as BodyInit);
  const { url, method, headers } = request;
  return new Request(url, { method, headers: [...headers], body, signal, ...(body && { duplex: 'half' }) });
}

async function readBytes(request: Request, max: number): Promise<Uint8Array> {
  refuseAnnounced(request, max);
  // The server holds a body to the length that was announced: it can be taken in at once.
  if (request.headers.has('content-length')) {
    const bytes = await request.arrayBuffer();
    if (bytes.byteLength > max) throw tooLarge(max);
    return new Uint8Array(bytes);
  }
  const chunks: Uint8Array[] = [];
  if (request.body) for await (const chunk of limited(request.body, max)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function refuseAnnounced(request: Request, max: number, key?: string): void {
  if (Number(request.headers.get('content-length')) > max) throw tooLarge(max, key);
}

async function* limited(
  body: NonNullable<Request['body']>,
  max: number,
  key?: string,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = body.getReader();
  let length = 0;
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      length += value.byteLength;
      if (length > max) throw tooLarge(max, key);
      yield value;
    }
  } finally {
    if (!ended) void discard(reader);
  }
}

/** Milliseconds for which the rest of a body that nobody reads any more is taken in. */
const discardPatience = 10_000;

/**
 * Takes in what still comes and forgets it, for a while. A client that is not read to the end does not read the answer
 * either, its next request waits behind the rest, and to hang up on it at once would lose the answer on its way.
 */
async function discard(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const end = performance.now() + discardPatience;
  try {
    while (!(await reader.read()).done) {
      if (performance.now() > end) return await reader.cancel();
      // A source that never waits must not keep everybody else waiting.
      await nextTurn();
    }
  } catch {
    // It hung up: nobody is left to be answered.
  }
}

const tooLarge = (max: number, key = 'http.maxBodyBytes') =>
  new PayloadTooLargeError(`The body is larger than ${max} bytes, which is the most (${key}).`);
