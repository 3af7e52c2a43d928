import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent, type EventDefinition, shownUnder } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import type { Json } from '#kernel/json.ts';
import { accountFacts } from '#resolvers/platform/accounts/events.ts';
import type { SettingPath } from '#resolvers/platform/settings/setting.ts';

/** Names from the root down. Ids are global ids. */
const SettingData = z.object({ accountId: z.string(), path: shownUnder(z.array(z.string()), 'settingPath') });

const options = { subject: null, seenWith: 'setting:read', seenByOwner: true, retain: 'AUDIT' } as const;

export const settingUpdated = defineEvent('platform.setting.updated', SettingData, {
  ...options,
  description: 'Settings of an account changed, at this path; what it had set there is in `before` and `after`.',
});
export const settingDeleted = defineEvent('platform.setting.deleted', SettingData, {
  ...options,
  description: 'Settings of an account at this path were dropped; what it had set there is in `before`.',
});

export const settingEvents = [settingUpdated, settingDeleted] as const;

export function tellSetting(
  ctx: Context,
  event: EventDefinition<z.output<typeof SettingData>>,
  { accountId, path }: { readonly accountId: string; readonly path: SettingPath },
  before: Json | undefined,
  after: Json | undefined,
): void {
  const subject = toGlobalId('Account', accountId);
  ctx.events.append(
    event,
    { accountId: subject, path: [...path] },
    { subject, scope: accountFacts(accountId), before: before ?? null, after: after ?? null },
  );
}
