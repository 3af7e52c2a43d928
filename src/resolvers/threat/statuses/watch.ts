import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { rowIdOf } from '#kernel/id.ts';
import { parse, sought } from '#kernel/input.ts';
import { refuseUnchanged } from '#resolvers/threat/access.ts';
import { statusGlobalId, taxiiStatusCompleted } from '#resolvers/threat/statuses/events.ts';

const watchInput = z.object({ taxiiId: sought('taxiiId').nullish() });
export type StatusWatch = z.input<typeof watchInput>;

/** The statuses that are completed: one, or all that the viewer sees. */
export async function watchStatuses(ctx: Context, input: StatusWatch): Promise<FeedSelection> {
  refuseUnchanged(ctx);
  const { taxiiId } = parse(watchInput, input);
  const id = taxiiId == null ? null : rowIdOf('TaxiiStatus', taxiiId);
  if (taxiiId != null && id === null) throw new NotFoundError('Status not found.', ['taxiiId']);
  return { names: [taxiiStatusCompleted.name], ...(id !== null && { subjects: new Set([statusGlobalId(id)]) }) };
}
