import { z } from 'zod';
import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { egress } from '#kernel/egress.ts';
import { InputError } from '#kernel/errors.ts';
import { fromGlobalId } from '#kernel/id.ts';
import { line, rowId, sought } from '#kernel/input.ts';
import { hookPayloads } from '#resolvers/platform/hooks/body.ts';
import { hookOrderings } from '#resolvers/platform/hooks/hook.ts';
import { isHookPattern } from '#resolvers/platform/hooks/pattern.ts';

export const hookId = rowId('Hook');

export const eventText = line('event', { min: 1, max: 256 });

export const targetText = line('target', { min: 1, max: 2048 });

const scopeFacts = z
  .array(
    z.object({
      kind: sought('kind'),
      value: sought('value').transform((text) => fromGlobalId(text)?.id ?? text),
    }),
  )
  .max(100, 'scope may not hold more than 100 facts.');

/** What may be left out, with what it is then; null stands for the same. */
export const optionalWishes = {
  globalHook: z.boolean().nullish(),
  payload: z.enum(hookPayloads).nullish(),
  includeChange: z.boolean().nullish(),
  scope: scopeFacts.nullish(),
  subject: sought('subject').nullish(),
  ordering: z.enum(hookOrderings).nullish(),
};

export const standardWishes = {
  globalHook: false,
  payload: 'NSOT',
  includeChange: false,
  scope: [],
  subject: null,
  ordering: 'NONE',
} as const;

/** @throws InputError for what is no pattern of events that are declared. */
export function requirePattern(ctx: Context, event: string): void {
  if (isHookPattern(ctx.use(catalogue), event)) return;
  throw InputError.at(
    ['event'],
    `"${event}" is no event of this gateway: give a full name such as network.device.created, a prefix with .*, *, or NSoT’s form such as device.update.`,
  );
}

/** @throws InputError for a target that may not be reached from here. */
export async function requireTarget(ctx: Context, target: string): Promise<void> {
  const fault = URL.canParse(target) ? await ctx.use(egress).fault(target) : 'The target is no URL.';
  if (fault !== null) throw InputError.at(['target'], fault);
}

/** Both at once, so that all faults are told together. */
export async function requireWishes(ctx: Context, event: string | null, target: string | null): Promise<void> {
  const checks = [
    async () => event !== null && requirePattern(ctx, event),
    async () => target !== null && requireTarget(ctx, target),
  ];
  const results = await Promise.allSettled(checks.map((check) => check()));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  const strange = failures.find((failure) => !(failure instanceof InputError));
  if (strange) throw strange;
  if (failures.length > 0) throw new InputError(failures.flatMap((failure) => (failure as InputError).fields));
}
