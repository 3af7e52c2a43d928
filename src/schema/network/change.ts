import { decodeCursor, type EventDefinition, encodeCursor } from '#kernel/event.ts';
import { toGlobalId } from '#kernel/id.ts';
import {
  type Change,
  changeActions,
  changeResources,
  isChangeName,
  meaningOf,
  naturalKeyOf,
  type Snapshots,
  siteIdOf,
  snapshotsOf,
  typeOfResource,
} from '#resolvers/network/changes/change.ts';
import { changedFields, diffText, type FieldChange } from '#resolvers/network/changes/diff.ts';
import {
  type ChangeList,
  type ChangesOfOne,
  findChange,
  findChanges,
  listChanges,
  listChangesOf,
  listChangesOfSite,
} from '#resolvers/network/changes/find.ts';
import { type ChangeWatch, watchChanges } from '#resolvers/network/changes/watch.ts';
import { findSites } from '#resolvers/network/sites/find.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { subjectOf } from '#schema/event.ts';
import { feed } from '#schema/feed.ts';
import { hasNode, node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Change: Change;
    ChangeDiff: Snapshots;
    FieldChange: FieldChange;
  }
}

const actionMeanings: Readonly<Record<(typeof changeActions)[number], string>> = {
  CREATED: 'It was made.',
  UPDATED: 'Something of it was changed.',
  DELETED: 'It was deleted.',
};

/** Cursors of lists of changes are those of the event log. */
const cursors = {
  write: (change: Change) => encodeCursor({ epoch: change.epoch, sequence: change.sequence }),
  read: (cursor: string) => [String(decodeCursor(cursor).sequence)],
};

/**
 * History as people read it. After the other nouns: each gets its own.
 * @param events all events of the domain.
 */
// biome-ignore lint/suspicious/noExplicitAny: events of any data
export function changes(builder: Builder, events: readonly EventDefinition<any>[]): void {
  enums(builder);
  diff(builder);
  node(builder, 'Change', {
    description: 'Something that happened to a thing of the network. It stays when the thing is gone.',
    find: findChanges,
    interfaces: ['LiveItem'],
    fields: (t) => ({ ...facts(builder, t), ...content(t) }),
  });
  lists(builder);
  feed(builder, 'changes', {
    description: 'Changes of the network as they happen.',
    needs: 'network:read',
    args: (arg) => ({ filter: arg({ type: watchFilter(builder), description: 'Which ones.' }) }),
    events: events.filter(({ name }) => isChangeName(name)),
    as: 'Change',
    select: (ctx, args) => watchChanges(ctx, args.filter as ChangeWatch),
  });
}

function enums(builder: Builder): void {
  builder.enumType('ChangeAction', {
    description: 'What was done to a thing.',
    values: Object.fromEntries(
      changeActions.map((action) => [action, { description: actionMeanings[action] }]),
    ) as never,
  });
  builder.enumType('ChangeResource', {
    description: 'The kinds of things that have a history.',
    values: Object.fromEntries(
      changeResources.map((resource) => [resource, { description: `The type \`${typeOfResource(resource)}\`.` }]),
    ) as never,
  });
}

type Fields = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Change>;

const facts = (builder: Builder, t: Fields) => ({
  site: t.field({
    type: 'Site',
    nullable: true,
    description: 'The Site of the thing; null when it is gone or may not be read.',
    async resolve(change, _, ctx): Promise<Site | null> {
      const id = siteIdOf(change);
      return id === null ? null : ctx.load(findSites, id);
    },
  }),
  actor: t.field({ type: 'Actor', description: 'Who did it.', resolve: ({ actor }) => actor }),
  occurredAt: t.field({
    type: 'DateTime',
    description: 'When, by the clock of the gateway.',
    resolve: ({ occurredAt }) => occurredAt,
  }),
  action: t.field({
    type: 'ChangeAction' as never,
    description: 'What was done.',
    resolve: (change) => meaningOf(change).action as never,
  }),
  resource: t.field({
    type: 'ChangeResource' as never,
    description: 'To what kind of thing.',
    resolve: (change) => meaningOf(change).resource as never,
  }),
  targetId: t.id({ description: 'The id of the thing.', resolve: ({ subject }) => subject ?? '' }),
  naturalKey: t.string({ description: 'How people called it, after the change.', resolve: naturalKeyOf }),
  target: t.field({
    type: builder.nodeInterfaceRef(),
    nullable: true,
    description: 'The thing as it is now; null when it is gone or may not be seen.',
    resolve: (change, _, ctx) => subjectOf(builder, ctx, change) as never,
  }),
});

const content = (t: Fields) => ({
  before: t.field({
    type: 'JSON',
    nullable: true,
    description: 'The thing before; null for what did not exist.',
    resolve: (change) => snapshotsOf(change).before,
  }),
  after: t.field({
    type: 'JSON',
    nullable: true,
    description: 'The thing after; null for what does not exist any more.',
    resolve: (change) => snapshotsOf(change).after,
  }),
  diff: t.field({
    type: 'ChangeDiff',
    nullable: true,
    description: 'What is different; null where the thing was too large to be kept as it was before.',
    resolve(change) {
      const snapshots = snapshotsOf(change);
      return snapshots.truncated ? null : snapshots;
    },
  }),
});

function diff(builder: Builder): void {
  builder.objectType('FieldChange', {
    description: 'One field that a change made different.',
    fields: (t) => ({
      path: t.exposeString('path', { description: 'Its name; `attributes.owner` for a value of an attribute.' }),
      before: t.field({
        type: 'JSON',
        nullable: true,
        description: 'Its value before; null where it had none.',
        resolve: ({ before }) => before,
      }),
      after: t.field({
        type: 'JSON',
        nullable: true,
        description: 'Its value after; null where it has none.',
        resolve: ({ after }) => after,
      }),
    }),
  });
  builder.objectType('ChangeDiff', {
    description: 'What a change made different. It never changes itself.',
    fields: (t) => ({
      text: t.string({
        description:
          'Both as JSON by line: two blanks before what stayed, `- ` before what is gone, `+ ` before what is new.',
        resolve: ({ before, after }) => diffText(before, after),
      }),
      fields: t.field({
        type: ['FieldChange'],
        description: 'The fields that differ, by path.',
        resolve: ({ before, after }) => changedFields(before, after),
      }),
    }),
  });
}

function lists(builder: Builder): void {
  const filter = builder.inputType('ChangeFilter', {
    description: 'Which changes; everything given must hold.',
    fields: (t) => ({
      action: t.field({ type: 'ChangeAction' as never, description: 'That did this.' }),
      resource: t.field({ type: 'ChangeResource' as never, description: 'To this kind of thing.' }),
      target: t.id({ description: 'To this thing, whether or not it still exists.' }),
      actor: t.id({ description: 'By this account.' }),
      from: t.field({ type: 'DateTime', description: 'Not before.' }),
      to: t.field({ type: 'DateTime', description: 'Before.' }),
    }),
  });
  builder.queryFields((t) => ({
    change: t.field({
      type: 'Change',
      nullable: true,
      description: 'The change with this id; null when the viewer may see none.',
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      resolve: (_, { id }, ctx) => findChange(ctx, id),
    }),
    changes: connection(builder, t, 'Change', {
      description: 'What happened to the things of the network, newest first, as far as the viewer may see it.',
      args: {
        site: t.arg({ type: 'SiteKey', description: 'Only of this Site; by id also of one that is gone.' }),
        filter: t.arg({ type: filter, description: 'Which ones.' }),
      },
      cursors,
      resolve: (_, args, page, ctx) => listChanges(ctx, args as ChangeList, page),
    }),
  }));
  builder.objectField('Site', 'changes', (t) =>
    connection(builder, t, 'Change', {
      description: 'What happened to it and to everything in it, newest first.',
      args: { filter: t.arg({ type: filter, description: 'Which ones.' }) },
      cursors,
      resolve: (site, args, page, ctx) => listChangesOfSite(ctx, site.id, args as ChangesOfOne, page),
    }),
  );
  builder.interfaceField('NetworkResource', 'changes', (t) =>
    connection(builder, t as never, 'Change', {
      description: 'What happened to it, newest first.',
      args: { filter: t.arg({ type: filter, description: 'Which ones.' }) },
      cursors,
      resolve: () => {
        throw new Error('Each type says what its changes are.');
      },
    }),
  );
  for (const resource of changeResources) {
    const type = typeOfResource(resource);
    if (resource === 'SITE' || !hasNode(builder, type)) continue;
    builder.objectField(type as 'Device', 'changes', (t) =>
      connection(builder, t, 'Change', {
        description: 'What happened to it, newest first.',
        args: { filter: t.arg({ type: filter, description: 'Which ones.' }) },
        cursors,
        resolve: ({ id }, args, page, ctx) => listChangesOf(ctx, toGlobalId(type, id), args as ChangesOfOne, page),
      }),
    );
  }
}

const watchFilter = (builder: Builder) =>
  builder.inputType('ChangeMatch', {
    description: 'Which changes a stream delivers; everything given must hold.',
    fields: (t) => ({
      site: t.field({ type: 'SiteKey', description: 'Only of this Site.' }),
      resources: t.field({ type: ['ChangeResource'] as never, description: 'To these kinds of things.' }),
      actions: t.field({ type: ['ChangeAction'] as never, description: 'That did one of these.' }),
      targetId: t.id({ description: 'To this thing.' }),
      query: t.string({
        description:
          'A set query that the thing fits before or after the change. With one kind of things in `resources`.',
      }),
      mineOnly: t.boolean({ description: 'Only by the viewer.' }),
    }),
  });
