import { ConflictError } from '#kernel/errors.ts';
import {
  deleteHook,
  disableHook,
  enableHook,
  type HookTargetInput,
  rotateHookSecret,
} from '#resolvers/platform/hooks/change.ts';
import { createHook } from '#resolvers/platform/hooks/create.ts';
import {
  hookCreated,
  hookDeleted,
  hookDisabled,
  hookEnabled,
  hookSecretRotated,
  hookTested,
  hookUpdated,
} from '#resolvers/platform/hooks/events.ts';
import { type Replayed, replayHook } from '#resolvers/platform/hooks/replay.ts';
import { retryHookDelivery } from '#resolvers/platform/hooks/retry.ts';
import { type HookTestInput, testHook } from '#resolvers/platform/hooks/test.ts';
import { replaceHook, updateHook } from '#resolvers/platform/hooks/update.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { mutation } from '#schema/mutation.ts';
import { oneGone } from '#schema/success.ts';

type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;

const whose = 'One’s own, or with hook:admin anybody’s.';
const needs = 'hook:write';

/** What may be said of a hook beside event and target. @param otherwise what holds for what is left out. */
const wishes = (t: InputBuilder, otherwise: (standard: string) => string) => ({
  globalHook: t.boolean({ description: `Whether what others do counts too${otherwise('no')}.` }),
  payload: t.field({ type: 'HookPayload' as never, description: `What it sends${otherwise('NSOT')}.` }),
  includeChange: t.boolean({
    description: `Whether bodies of the form STANDARD hold the state before and after${otherwise('no')}.`,
  }),
  scope: t.field({
    type: ['ScopeFactInput'] as never,
    description: `Only events with any of these facts${otherwise('all')}.`,
  }),
  subject: t.id({ description: `Only events about this thing${otherwise('about anything')}.` }),
  ordering: t.field({ type: 'HookOrdering' as never, description: `What deliveries wait for${otherwise('NONE')}.` }),
});

const absent = (standard: string) => `; ${standard} unless said`;
const cleared = () => '';

/** Mutations of hooks. */
export function hookChanges(builder: Builder): void {
  lifeOfHooks(builder);
  switches(builder);
  repetitions(builder);
}

function lifeOfHooks(builder: Builder): void {
  mutation(builder, 'hookCreate', {
    description:
      'Makes a hook for oneself, or with hook:admin for another account whose rights one holds. It is told of what happens from then on, as far as its owner may see it.',
    needs,
    emits: [hookCreated],
    errors: [ConflictError],
    input: (t) => ({
      owner: t.field({ type: 'AccountKey', description: 'Whose; one’s own unless said.' }),
      event: t.string({
        required: true,
        description: 'A full event name, a prefix with `.*`, `*`, or NSoT’s form such as `device.update`.',
      }),
      target: t.string({
        required: true,
        description: 'An https URL on the public internet, or what `hooks.allow` opens.',
      }),
      ...wishes(t, absent),
      signing: t.field({ type: 'HookSigning' as never, description: 'How requests are signed; HMAC unless said.' }),
    }),
    resolve: (ctx, input) => createHook(ctx, input as never),
    success: (t) => ({
      hook: t.expose('hook', { type: 'Hook', description: 'The new hook.' }),
      secret: t.exposeString('secret', { description: 'What signs its requests. It is shown this once.' }),
    }),
  });
  mutation(builder, 'hookUpdate', {
    description: `Changes what is given of a hook: what is absent stays, null clears. ${whose}`,
    needs,
    emits: [hookUpdated],
    errors: [ConflictError],
    input: (t) => ({
      id: t.id({ required: true, description: 'Which hook.' }),
      etag: t.string({ description: 'The state that is to be changed; any unless said.' }),
      event: t.string({ description: 'What it is for.' }),
      target: t.string({ description: 'Where it posts.' }),
      ...wishes(t, cleared),
    }),
    resolve: (ctx, input) => updateHook(ctx, input as never),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when everything was so already.' }),
      hook: t.expose('hook', { type: 'Hook', description: 'The hook as it is now.' }),
    }),
  });
  mutation(builder, 'hookReplace', {
    description: `Sets everything of a hook that can change: what is absent gets its default. ${whose}`,
    needs,
    emits: [hookUpdated],
    errors: [ConflictError],
    input: (t) => ({
      id: t.id({ required: true, description: 'Which hook.' }),
      etag: t.string({ description: 'The state that is to be changed; any unless said.' }),
      event: t.string({ required: true, description: 'What it is for.' }),
      target: t.string({ required: true, description: 'Where it posts.' }),
      ...wishes(t, absent),
    }),
    resolve: (ctx, input) => replaceHook(ctx, input as never),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when everything was so already.' }),
      hook: t.expose('hook', { type: 'Hook', description: 'The hook as it is now.' }),
    }),
  });
  mutation(builder, 'hookDelete', {
    description: `Deletes a hook; what it has not delivered is cancelled. ${whose}`,
    needs,
    emits: [hookDeleted],
    errors: [ConflictError],
    input: (t) => ({
      id: t.id({ required: true, description: 'Which hook.' }),
      etag: t.string({ description: 'The state that is to be deleted; any unless said.' }),
    }),
    resolve: async (ctx, input) => ({ id: await deleteHook(ctx, input as never) }),
    success: oneGone('Hook'),
  });
}

function switches(builder: Builder): void {
  mutation(builder, 'hookEnable', {
    description: `Lets a hook that was disabled be told of what happens from then on. ${whose}`,
    needs,
    emits: [hookEnabled],
    errors: [ConflictError],
    input: (t) => ({ id: t.id({ required: true, description: 'Which hook.' }) }),
    resolve: (ctx, input) => enableHook(ctx, input as HookTargetInput),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when it was active already.' }),
      hook: t.expose('hook', { type: 'Hook', description: 'The hook as it is now.' }),
    }),
  });
  mutation(builder, 'hookDisable', {
    description: `Keeps a hook from being told of anything; what it has not delivered is given up. ${whose}`,
    needs,
    emits: [hookDisabled],
    input: (t) => ({ id: t.id({ required: true, description: 'Which hook.' }) }),
    resolve: (ctx, input) => disableHook(ctx, input as HookTargetInput),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when it was disabled already.' }),
      hook: t.expose('hook', { type: 'Hook', description: 'The hook as it is now.' }),
    }),
  });
  mutation(builder, 'hookSecretRotate', {
    description: `Gives a hook a new secret; the old ones sign beside it for a while. ${whose}`,
    needs,
    emits: [hookSecretRotated],
    errors: [ConflictError],
    input: (t) => ({
      id: t.id({ required: true, description: 'Which hook.' }),
      keepOld: t.int({
        defaultValue: 86_400,
        description: 'Seconds for which the old secrets sign as well; 30 days at most.',
      }),
    }),
    resolve: (ctx, input) => rotateHookSecret(ctx, input as never),
    success: (t) => ({
      hook: t.expose('hook', { type: 'Hook', description: 'The hook.' }),
      secret: t.exposeString('secret', { description: 'The new secret. It is shown this once.' }),
    }),
  });
}

function repetitions(builder: Builder): void {
  const point = builder.inputType('ReplayPoint', {
    description: 'An end of a range of events.',
    isOneOf: true,
    fields: (t) => ({
      cursor: t.field({ type: 'EventCursor', description: 'The event at this place.' }),
      time: t.field({ type: 'DateTime', description: 'What happened at this instant.' }),
      start: t.boolean({ description: 'True: the first event from which nothing is missing.' }),
    }),
  });
  mutation(builder, 'hookReplay', {
    description: `Sends what happened again: each event of a range that the hook is for gets another series of attempts, or a first one. ${whose}`,
    needs,
    errors: [ConflictError],
    input: (t) => ({
      id: t.id({ required: true, description: 'Which hook.' }),
      from: t.field({ type: point, required: true, description: 'Where the range begins; this belongs to it.' }),
      to: t.field({ type: point, description: 'Where it ends; this belongs to it. The newest event unless said.' }),
      only: t.field({ type: 'HookReplayOnly' as never, description: 'Which deliveries; ALL unless said.' }),
    }),
    resolve: (ctx, input) => replayHook(ctx, input as never),
    success: (t) => ({
      count: t.exposeInt('count', { description: 'How many deliveries go out.' }),
      fromSequence: t.field({
        type: 'BigInt',
        description: 'The number of the first event of the range.',
        resolve: (replayed: Replayed) => String(replayed.fromSequence),
      }),
      toSequence: t.field({
        type: 'BigInt',
        description: 'The number of the last event of the range.',
        resolve: (replayed: Replayed) => String(replayed.toSequence),
      }),
    }),
  });
  mutation(builder, 'hookTest', {
    description: `Sends one signed request with sample data, at once, and answers what came of it; nothing else learns of it. ${whose}`,
    needs,
    emits: [hookTested],
    input: (t) => ({ id: t.id({ required: true, description: 'Which hook.' }) }),
    resolve: (ctx, input) => testHook(ctx, input as HookTestInput),
    success: (t) => ({
      hook: t.expose('hook', { type: 'Hook', description: 'The hook.' }),
      attempt: t.expose('attempt', { type: 'HookAttempt', description: 'What came of it.' }),
    }),
  });
  mutation(builder, 'hookDeliveryRetry', {
    description: 'Sends one delivery again, at once. Of one’s own hooks, or with hook:admin of anybody’s.',
    needs,
    errors: [ConflictError],
    input: (t) => ({ id: t.id({ required: true, description: 'Which delivery.' }) }),
    resolve: async (ctx, input) => ({ hookDelivery: await retryHookDelivery(ctx, input as { id: string }) }),
    success: (t) => ({
      hookDelivery: t.expose('hookDelivery', { type: 'HookDelivery', description: 'The delivery as it is now.' }),
    }),
  });
}
