import type { HandlerEnd } from '#plugins/worker/messages.ts';

/** How an execution ended: as its handler did, or because whatever ran it is gone. */
export type ExecutionEnd = HandlerEnd | { readonly kind: 'GONE'; readonly message: string };

/** A handler at work, in a thread or on the main thread. */
export interface Execution {
  readonly ended: Promise<ExecutionEnd>;
  /** Tells the handler to end. */
  abort(reason: string): void;
  /** Ends it whatever it does: what it says afterwards is not heard. */
  cut(): Promise<void>;
  /** What it wrote to its standard output; null when that cannot be told apart from what others wrote. */
  output(): string | null;
}
