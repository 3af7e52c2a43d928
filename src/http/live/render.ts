import { execute, type GraphQLError, type GraphQLSchema } from 'graphql';
import { type Frame, makeFrame } from '#http/live/frame.ts';
import type { LiveOperation } from '#http/live/operation.ts';
import { showEvents } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { GatehouseError, GenericError, StreamError } from '#kernel/errors.ts';
import { encodeCursor } from '#kernel/event.ts';
import { type FeedItem, isEvent } from '#kernel/feed.ts';
import type { Viewer } from '#kernel/viewer.ts';

export interface RenderParts {
  readonly schema: GraphQLSchema;
  /** Milliseconds that one item may take. */
  readonly timeout: number;
  context(viewer: Viewer, signal: AbortSignal): Context;
  /** What of an execution's errors may be shown; the rest goes to the log. */
  showErrors(errors: readonly GraphQLError[], ctx: Context): readonly GraphQLError[];
}

export type Render = (viewer: Viewer, operation: LiveOperation, item: FeedItem) => Promise<Frame>;

/**
 * Executes an operation for one item, with a context and loaders of its own: what one kept would be stale for the next.
 * Never rejects: what goes wrong is in the frame.
 */
export function createRender(parts: RenderParts): Render {
  return async (viewer, operation, item) => {
    const at = isEvent(item) ? { epoch: item.epoch, sequence: item.sequence } : item.at;
    const subject = isEvent(item) ? (item.subject ?? item.id) : item.item;
    const result = await resultOf(parts, viewer, operation, item);
    return makeFrame({ sequence: at.sequence, cursor: encodeCursor(at), subject }, result);
  };
}

async function resultOf(parts: RenderParts, viewer: Viewer, operation: LiveOperation, item: FeedItem): Promise<object> {
  const over = new AbortController();
  const ctx = parts.context(viewer, over.signal);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), parts.timeout);
  });
  try {
    const result = await Promise.race([execution(parts, ctx, operation, item), late]);
    if (result === 'late') return failed(new StreamError('TIMEOUT', 'This event took too long to render.'));
    if (!result.errors) return { data: result.data };
    return { errors: parts.showErrors(result.errors, ctx), data: result.data ?? null };
  } catch (error) {
    if (error instanceof GatehouseError) return failed(error);
    ctx.log.error({ err: error, field: operation.plan.field }, 'An event could not be rendered.');
    return failed(new GenericError(ctx.request.id));
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

async function execution(parts: RenderParts, ctx: Context, operation: LiveOperation, item: FeedItem) {
  const [shown] = isEvent(item) ? await showEvents(ctx, [item]) : [item];
  return execute({
    schema: parts.schema,
    document: operation.document,
    rootValue: shown,
    contextValue: ctx,
    variableValues: operation.variables,
    operationName: operation.operationName,
  });
}

const failed = ({ message, extensions }: GatehouseError) => ({ data: null, errors: [{ message, extensions }] });
