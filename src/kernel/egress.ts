import { definePort } from '#kernel/port.ts';

/** One request to somebody else's server. */
export interface EgressRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for the whole exchange, name resolution and the reading of the answer included. */
  readonly timeout: number;
  /** The most bytes of the answer that are read; what comes after is not waited for. */
  readonly maxAnswerBytes: number;
  /** Ends the exchange early, as if its time were over. */
  readonly signal?: AbortSignal;
}

/** What the other server said, whatever its status. A redirect is an answer like any other and is never followed. */
export interface EgressAnswer {
  readonly status: number;
  /** By lower-case name; of several of one name all, separated by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * Why there was no answer. BLOCKED_ADDRESS: nothing was sent, the target may not be reached from here. TLS: the
 * connection stood, but no secure one came of it.
 */
export type EgressFailure = 'TIMEOUT' | 'CONNECT' | 'TLS' | 'BLOCKED_ADDRESS';

export class EgressError extends Error {
  readonly reason: EgressFailure;

  constructor(reason: EgressFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EgressError';
    this.reason = reason;
  }
}

/**
 * HTTP to servers that users name, without lending them the gateway's place in the network: https only, no user info
 * in the URL, and only to public addresses, apart from targets that the config allows by host or network. A name is
 * resolved once an exchange, every address it has is judged, and the connection goes to one of those addresses.
 */
export interface Egress {
  /**
   * What makes a URL no target, as a sentence; null when nothing does at present. Resolves names, so a target that
   * passes may still be refused when something is sent to it.
   */
  fault(url: string): Promise<string | null>;
  /** @throws EgressError when there is no answer. */
  send(request: EgressRequest): Promise<EgressAnswer>;
}

export const egress = definePort<Egress>('egress');
