import type { Caller } from '#http/caller.ts';
import type { ContextFacts } from '#kernel/context.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** A request whose credential was looked at. */
export interface Call {
  readonly caller: Caller;
  readonly viewer: Viewer;
  readonly signal: AbortSignal;
  /** For the answer. */
  readonly headers: Headers;
  /** Drops the connection below, where there is one: for clients that do not read any more. */
  readonly hangUp?: () => void;
}

/** What a context is made from that answers the call. */
export const factsOf = ({ viewer, caller, headers, signal }: Call): ContextFacts => ({
  viewer,
  request: caller.facts,
  response: { headers },
  signal,
});
