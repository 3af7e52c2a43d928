import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { parse } from '#kernel/input.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { changedFields } from '#resolvers/platform/accounts/change.ts';
import { etagText, newEtag, requireEtag } from '#resolvers/platform/etag.ts';
import { given, notUnique } from '#resolvers/platform/hooks/create.ts';
import { hookUpdated, tellHook } from '#resolvers/platform/hooks/events.ts';
import { lockedHook, permittedHook } from '#resolvers/platform/hooks/find.ts';
import { type Hook, type HookWishes, hookStore, untried } from '#resolvers/platform/hooks/hook.ts';
import {
  eventText,
  hookId,
  optionalWishes,
  requireWishes,
  standardWishes,
  targetText,
} from '#resolvers/platform/hooks/input.ts';
import { requireHeldBy } from '#resolvers/platform/rights/covering.ts';

const Target = z.object({ id: hookId, etag: etagText.nullish() });
const HookUpdate = Target.extend({ event: eventText.optional(), target: targetText.optional(), ...optionalWishes });
const HookReplace = Target.extend({ event: eventText, target: targetText, ...optionalWishes });
export type HookUpdateInput = z.input<typeof HookUpdate>;
export type HookReplaceInput = z.input<typeof HookReplace>;

export interface ChangedHook {
  readonly changed: boolean;
  readonly hook: Hook;
}

/** Changes what is given of a hook: what is absent stays, null clears. */
export async function updateHook(ctx: Context, input: HookUpdateInput): Promise<ChangedHook> {
  const found = await permittedHook(ctx, parse(Target, input).id);
  const { id: _, etag, ...fields } = parse(HookUpdate, input);
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  const wishes = said.map(([name, value]) => [name, value ?? standardWishes[name as keyof typeof standardWishes]]);
  return changeHook(ctx, found, etag ?? null, Object.fromEntries(wishes));
}

/** Sets everything of a hook that can change: what is absent gets its default. Its secrets stay. */
export async function replaceHook(ctx: Context, input: HookReplaceInput): Promise<ChangedHook> {
  const found = await permittedHook(ctx, parse(Target, input).id);
  const { id: _, etag, event, target, ...rest } = parse(HookReplace, input);
  return changeHook(ctx, found, etag ?? null, { event, target, ...standardWishes, ...given(rest) });
}

async function changeHook(
  ctx: Context,
  found: Hook,
  etag: string | null,
  wishes: Partial<HookWishes>,
): Promise<ChangedHook> {
  if (etag !== null) requireEtag(found.etag, etag);
  const differs = (name: 'event' | 'target') => wishes[name] !== undefined && wishes[name] !== found[name];
  await requireWishes(
    ctx,
    differs('event') ? (wishes.event ?? null) : null,
    differs('target') ? (wishes.target ?? null) : null,
  );
  if (differs('target')) await requireOwnerHeld(ctx, found);
  return ctx.atomically(async (ctx) => {
    const before = await lockedHook(ctx, found.id);
    if (etag !== null) requireEtag(before.etag, etag);
    const changed = changedFields<Hook>(before, wishes);
    if (changed.length === 0) return { changed: false, hook: before };
    const hook = await ctx.use(hookStore).update(before.id, {
      ...wishes,
      // Nothing is known of the new target.
      ...(changed.includes('target') && untried),
      etag: newEtag(),
      updatedAt: new Date(ctx.clock.now()).toISOString(),
    });
    if (!hook) throw notUnique();
    tellHook(ctx, hookUpdated, hook, { changed }, { before, after: hook });
    return { changed: true, hook };
  });
}

/** Who leads a hook of another elsewhere is shown what its owner sees. */
async function requireOwnerHeld(ctx: Context, { ownerId }: Hook): Promise<void> {
  const [owner] = await ctx.use(accountStore).getMany([ownerId]);
  if (owner) await requireHeldBy(ctx, owner, ['target']);
}
