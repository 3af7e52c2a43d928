import type { ExecutionResult } from 'graphql';
import { RefusedOperation } from '#http/mask.ts';
import type { Operations } from '#http/operations.ts';
import { type ContextSource, createContext } from '#kernel/context.ts';
import type { Viewer } from '#kernel/viewer.ts';

/** An operation from within the process. */
export interface LocalOperation {
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly operationName?: string;
  readonly viewer: Viewer;
  /** Holds it to the limits that clients have. */
  readonly limited?: boolean;
  readonly signal?: AbortSignal;
}

/** Runs queries and mutations without a transport. Never throws: what is refused is in the errors of the result. */
export function createExecutor(operations: Operations, source: ContextSource) {
  return async (local: LocalOperation): Promise<ExecutionResult> => {
    const { document: query, variables, operationName, viewer, signal } = local;
    try {
      const operation = operations.prepare({ query, variables, operationName }, viewer, { trusted: !local.limited });
      return await operations.execute(operation, createContext(source, { viewer, ...(signal && { signal }) }));
    } catch (error) {
      if (error instanceof RefusedOperation) return { errors: error.errors };
      throw error;
    }
  };
}
