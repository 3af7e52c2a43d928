import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent } from '#kernel/event.ts';
import type { SweptCounts } from '#resolvers/threat/retention/policies.ts';

export const retentionSwept = defineEvent(
  'threat.retention.swept',
  z.object({
    statuses: z.int(),
    resultSets: z.int(),
    contentBlocks: z.int(),
    supersededVersions: z.int(),
    inboxMessages: z.int(),
    endedSubscriptions: z.int(),
    interruptedStatuses: z.int(),
  }),
  {
    description: 'What had been kept for long enough was removed.',
    subject: null,
    seenWith: 'threat:admin',
  },
);

export const appendSwept = (ctx: Context, counts: SweptCounts): void =>
  ctx.events.append(retentionSwept, counts, { scope: {} });
