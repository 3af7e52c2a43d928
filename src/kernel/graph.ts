import { definePort } from '#kernel/port.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** A query or a mutation from within the process. */
export interface GraphOperation {
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly viewer: Viewer;
  readonly signal?: AbortSignal;
}

export interface GraphAnswer {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string }[] | undefined;
}

/** The graph of this gateway for its own parts, such as jobs. Ready when all plugins are set up. */
export interface Graph {
  /** Never throws: what is refused is in the errors of the answer. */
  execute(operation: GraphOperation): Promise<GraphAnswer>;
}

export const graph = definePort<Graph>('graph');
