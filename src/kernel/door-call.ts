import type { Context } from '#kernel/context.ts';
import type { GatehouseError } from '#kernel/errors.ts';

/** A request at the door of a protocol. Nothing of it was judged before, so that the door does so in the protocol's order. */
export interface DoorCall {
  /** Its body is read by `body` alone. */
  readonly request: Request;
  /** As it was sent, with its escapes and without the query. */
  readonly path: string;
  /** How clients reach the gateway, without a slash at the end: `http.publicUrl`, else as this client wrote it. */
  readonly publicUrl: string;
  /** Of a viewer without any right: for what is looked up before the credential is. */
  readonly ctx: Context;
  /**
   * Looks at the credential. Without one the viewer is `anonymous`, with that role's grants.
   * @throws AuthenticationError for a credential that is not good, ForbiddenError for a page in a browser whose origin may
   * not call this gateway.
   */
  enter(): Promise<Context>;
  /** The values for `WWW-Authenticate`. */
  readonly challenges: readonly string[];
  /**
   * The body as it comes. It may be left before its end.
   * @param max in bytes.
   * @param key of the config that says so, for the message.
   * @throws PayloadTooLargeError at once when more was announced, and from the iteration as soon as more has come.
   */
  body(max: number, key: string): AsyncIterable<Uint8Array>;
  /** What of a failure may be said outside: a foreseen one in full; of all else a trace id, and the log gets it all. */
  mask(error: unknown): GatehouseError;
}
