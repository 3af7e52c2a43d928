import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { defineEvent, type EventDefinition } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import { accountFacts } from '#resolvers/platform/accounts/events.ts';
import type { ApiKey } from '#resolvers/platform/api-keys/api-key.ts';

/** An API key as events keep it. Ids are global ids. */
const ApiKeyData = z.object({ apiKey: z.string(), accountId: z.string(), keyName: z.string(), prefix: z.string() });

const options = { subject: 'ApiKey', seenWith: 'apiKey:read', seenByOwner: true, retain: 'AUDIT' } as const;

export const apiKeyCreated = defineEvent('platform.apiKey.created', ApiKeyData, {
  ...options,
  description: 'An API key was made.',
});
export const apiKeyRevoked = defineEvent('platform.apiKey.revoked', ApiKeyData, {
  ...options,
  description: 'An API key is not accepted any more.',
});

export const apiKeyEvents = [apiKeyCreated, apiKeyRevoked] as const;

export function tellApiKey(ctx: Context, event: EventDefinition<z.output<typeof ApiKeyData>>, key: ApiKey): void {
  ctx.events.append(
    event,
    {
      apiKey: toGlobalId('ApiKey', key.id),
      accountId: toGlobalId('Account', key.accountId),
      keyName: key.name,
      prefix: key.prefix,
    },
    {
      subject: toGlobalId('ApiKey', key.id),
      scope: { ...accountFacts(key.accountId), apiKey: key.id },
    },
  );
}
