import { fromGlobalId } from '#kernel/id.ts';
import { findAccounts } from '#resolvers/platform/accounts/queries.ts';
import type { Breaker } from '#resolvers/platform/hooks/breaker.ts';
import { hookEvents } from '#resolvers/platform/hooks/events.ts';
import { findHook, findHooks, listHooks, secretsOfHooks, watchHooks } from '#resolvers/platform/hooks/find.ts';
import type { Hook, HookSecret } from '#resolvers/platform/hooks/hook.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { feed } from '#schema/feed.ts';
import { findNode, node } from '#schema/node.ts';
import { hookChanges } from '#schema/platform/hook-changes.ts';
import { deliveriesOfHook, hookDeliveries } from '#schema/platform/hook-delivery.ts';
import { hookInputs } from '#schema/platform/hook-inputs.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Hook: Hook;
    HookBreaker: Breaker;
    HookScopeFact: Hook['scope'][number];
    HookSecret: HookSecret;
  }
}

/** Hooks: who is told of what, and what became of it. */
export function hooks(builder: Builder): void {
  const filters = hookInputs(builder);
  parts(builder);
  node(builder, 'Hook', {
    description: 'A standing wish to have events posted to a target.',
    find: findHooks,
    fields: (t) => ({
      number: t.exposeInt('number', { description: '1, 2, 3…, never used again. Bodies of the form NSOT name it.' }),
      owner: t.field({
        type: 'Account',
        nullable: true,
        description: 'With whose rights it is told; null for a viewer who may not read the account.',
        resolve: (hook, _, ctx) => ctx.load(findAccounts, hook.ownerId),
      }),
      event: t.exposeString('event', {
        description: 'What it is for: a full name, a prefix with `.*`, `*`, or NSoT’s form `device.update`.',
      }),
      target: t.exposeString('target', { description: 'The URL to which it posts.' }),
      globalHook: t.exposeBoolean('globalHook', { description: 'Whether what others than its owner do counts too.' }),
      payload: t.field({
        type: 'HookPayload' as never,
        description: 'What it sends.',
        resolve: (h) => h.payload as never,
      }),
      includeChange: t.exposeBoolean('includeChange', {
        description: 'Whether bodies of the form STANDARD hold the state before and after.',
      }),
      scope: t.field({
        type: ['HookScopeFact'],
        description: 'Only events with any of these facts; all when there are none.',
        resolve: (hook) => [...hook.scope],
      }),
      subjectId: t.string({
        nullable: true,
        description: 'Only events about the thing with this id; null: about anything.',
        resolve: (hook) => hook.subject,
      }),
      subject: t.field({
        type: builder.nodeInterfaceRef(),
        nullable: true,
        description: 'That thing; null when there is none, or it may not be seen.',
        resolve: (hook, _, ctx) => {
          const id = hook.subject === null ? null : fromGlobalId(hook.subject);
          return (id && findNode(builder, ctx, id.type, id.id)) as never;
        },
      }),
      ordering: t.field({
        type: 'HookOrdering' as never,
        description: 'What its deliveries wait for.',
        resolve: (hook) => hook.ordering as never,
      }),
      signing: t.field({
        type: 'HookSigning' as never,
        description: 'How its requests are signed. It was fixed when the hook was made.',
        resolve: (hook) => hook.signing as never,
      }),
      secrets: t.field({
        type: ['HookSecret'],
        description: 'What signs its requests, newest first: several while a new secret takes the place of an old one.',
        resolve: (hook, _, ctx) => ctx.load(secretsOfHooks, hook.id),
      }),
      state: t.field({
        type: 'HookState' as never,
        description: 'Whether it is told.',
        resolve: (h) => h.state as never,
      }),
      disabledReason: t.field({
        type: 'HookDisabledReason' as never,
        nullable: true,
        description: 'Why the gateway disabled it; null unless it did.',
        resolve: (hook) => hook.disabledReason as never,
      }),
      breaker: t.expose('breaker', { type: 'HookBreaker', description: 'Whether its attempts go out at present.' }),
      heldUntil: t.expose('heldUntil', {
        type: 'DateTime',
        nullable: true,
        description: 'Until when everything waits because the target asked for it.',
      }),
      failingSince: t.expose('failingSince', {
        type: 'DateTime',
        nullable: true,
        description: 'Since when no attempt succeeded; null when the last one did.',
      }),
      deliveries: deliveriesOfHook(builder, t as never, filters),
      etag: t.exposeString('etag', { description: 'Marks this state; a change may name it.' }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
      updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
    }),
  });
  builder.queryFields((t) => ({
    hook: t.field({
      type: 'Hook',
      nullable: true,
      description: 'One of one’s own hooks, or with hook:admin anybody’s; null when there is no such.',
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      extensions: { personal: true },
      resolve: (_, { id }, ctx) => findHook(ctx, { id }),
    }),
    hooks: connection(builder, t, 'Hook', {
      description: 'Hooks, newest first: one’s own, or with hook:admin those of all.',
      args: { filter: t.arg({ type: filters.hooks, description: 'Which ones.' }) },
      resolve: (_, args, page, ctx) => listHooks(ctx, args, page),
    }),
  }));
  hookDeliveries(builder, filters);
  hookChanges(builder);
  feed(builder, 'hookChanged', {
    description: 'What happens to hooks, and what they could not deliver: one’s own, or with hook:admin those of all.',
    args: (arg) => ({ id: arg.id({ description: 'Only this one.' }) }),
    events: hookEvents,
    select: (ctx, { id }) => watchHooks(ctx, { id: id ?? null }),
  });
}

function parts(builder: Builder): void {
  builder.objectType('HookScopeFact', {
    description: 'Something that an event says of where it happened.',
    fields: (t) => ({
      kind: t.exposeString('kind', { description: 'The kind of thing: `site`, `account`, …' }),
      value: t.exposeString('value', { description: 'Its row id, or a text of the kind’s own.' }),
    }),
  });
  builder.objectType('HookBreaker', {
    description: 'The switch of a hook that pauses its attempts.',
    fields: (t) => ({
      state: t.field({
        type: 'HookBreakerState' as never,
        description: 'Whether attempts go out.',
        resolve: (breaker) => breaker.state as never,
      }),
      until: t.expose('until', { type: 'DateTime', nullable: true, description: 'When one goes out to try again.' }),
      failures: t.exposeInt('failures', { description: 'How many attempts failed one after another.' }),
    }),
  });
  builder.objectType('HookSecret', {
    description: 'What signs the requests of a hook. The secret itself was shown once.',
    fields: (t) => ({
      publicKey: t.exposeString('publicKey', {
        nullable: true,
        description: 'What Ed25519 signatures are checked with, `whpk_…`; null for HMAC.',
      }),
      expiresAt: t.expose('expiresAt', {
        type: 'DateTime',
        nullable: true,
        description: 'From then on it signs nothing any more; null for the newest.',
      }),
      createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
    }),
  });
}
