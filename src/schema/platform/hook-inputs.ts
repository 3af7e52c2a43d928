import type { InputObjectRef } from '@pothos/core';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { textMatch } from '#schema/filter.ts';

/** The filters of lists of hooks and deliveries. */
export interface HookFilters {
  readonly hooks: InputObjectRef<SchemaTypes, object>;
  readonly deliveries: InputObjectRef<SchemaTypes, object>;
}

/** The enums and filters of hooks. */
export function hookInputs(builder: Builder): HookFilters {
  enums(builder);
  const hooks = builder.inputRef('HookFilter');
  hooks.implement({
    description: 'Which hooks; everything given must hold.',
    fields: (t) => ({
      event: t.field({ type: textMatch(builder), description: 'Its pattern.' }),
      target: t.field({ type: textMatch(builder), description: 'Where it sends.' }),
      state: t.field({ type: ['HookState'] as never, description: 'Is in one of these states.' }),
      owner: t.id({ description: 'Belongs to this account.' }),
      and: t.field({ type: [hooks as never], description: 'All of these hold as well.' }),
      or: t.field({ type: [hooks as never], description: 'One of these holds as well.' }),
      not: t.field({ type: hooks as never, description: 'This does not hold.' }),
    }),
  });
  const deliveries = builder.inputRef('HookDeliveryFilter');
  deliveries.implement({
    description: 'Which deliveries; everything given must hold.',
    fields: (t) => ({
      hook: t.id({ description: 'Of this hook.' }),
      state: t.field({ type: ['HookDeliveryState'] as never, description: 'Is in one of these states.' }),
      event: t.field({ type: textMatch(builder), description: 'The name of its event.' }),
      from: t.field({ type: 'DateTime', description: 'Not made before.' }),
      to: t.field({ type: 'DateTime', description: 'Made before.' }),
      and: t.field({ type: [deliveries as never], description: 'All of these hold as well.' }),
      or: t.field({ type: [deliveries as never], description: 'One of these holds as well.' }),
      not: t.field({ type: deliveries as never, description: 'This does not hold.' }),
    }),
  });
  return { hooks, deliveries } as never;
}

function enums(builder: Builder): void {
  const closed = (name: string, description: string, values: Readonly<Record<string, string>>) =>
    builder.enumType(name, {
      description,
      values: Object.fromEntries(Object.entries(values).map(([value, text]) => [value, { description: text }])),
    });
  closed('HookState', 'Whether a hook is told of events.', {
    ACTIVE: 'It is.',
    DISABLED: 'It is not, until somebody enables it.',
    SUSPENDED: 'It is not while its owner may not act; it comes back with him.',
  });
  closed('HookDisabledReason', 'Why the gateway disabled a hook.', {
    GONE: 'The target answered 410: it wants to be told of nothing any more.',
    FAILING: 'No attempt succeeded for as long as `hooks.disableAfter`.',
  });
  closed('HookPayload', 'What a hook sends.', {
    NSOT: 'Byte for byte what NSoT sends: `{"hook":{"target","id","event"},"data"}`.',
    STANDARD: '`{"type","timestamp","data"}` as Standard Webhooks have it, with `before` and `after` where wanted.',
    THIN: 'The same with nothing in `data` but ids.',
  });
  closed('HookOrdering', 'What the deliveries of a hook wait for.', {
    NONE: 'For nothing: they may overtake each other.',
    SUBJECT: 'For the one before of the same subject, until that has succeeded or is given up.',
  });
  closed('HookSigning', 'How the requests of a hook are signed.', {
    HMAC: 'With a secret that both sides know: signatures `v1`.',
    ED25519: 'With a private key; receivers need the public one alone: signatures `v1a`.',
  });
  closed('HookBreakerState', 'Whether the attempts of a hook go out.', {
    CLOSED: 'They do.',
    OPEN: 'They wait: several failed one after another.',
    HALF_OPEN: 'One goes out to see whether the target answers again.',
  });
  closed('HookDeliveryState', 'How far a delivery is.', {
    PENDING: 'No attempt was made yet.',
    RETRYING: 'An attempt failed, another one follows.',
    SUCCEEDED: 'The target answered with 2xx.',
    DEAD: 'It was given up.',
    CANCELLED: 'Its hook was deleted before.',
  });
  closed('HookDeadReason', 'Why a delivery was given up.', {
    EXHAUSTED: 'The last attempt failed.',
    FORBIDDEN: 'The owner of the hook may not see the event any more.',
    DISABLED: 'The hook was disabled.',
    SUSPENDED: 'The owner of the hook may not act.',
  });
  closed('HookAttemptError', 'Why an attempt failed.', {
    TIMEOUT: 'The target did not answer in time.',
    CONNECT: 'There was no connection.',
    TLS: 'There was a connection, but no secure one came of it.',
    BLOCKED_ADDRESS: 'Nothing was sent: the target may not be reached from here.',
    REDIRECT: 'The target sent it elsewhere; that is never followed.',
    STATUS: 'The target answered with another status than 2xx.',
  });
  closed('HookReplayOnly', 'Which deliveries of a range go out again.', {
    ALL: 'All, and those that are missing are made.',
    DEAD: 'Those that were given up.',
  });
}
