import { endpointKinds } from '#kernel/endpoint.ts';
import {
  countTags,
  findEndpoint,
  findEndpoints,
  listEndpoints,
  type SeenEndpoint,
} from '#resolvers/platform/info/endpoints.ts';
import type { Builder } from '#schema/builder.ts';
import { connection } from '#schema/connection.ts';
import { node } from '#schema/node.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    Endpoint: SeenEndpoint;
  }
}

const kinds: Readonly<Record<(typeof endpointKinds)[number], string>> = {
  QUERY: 'A field of the graph that asks.',
  MUTATION: 'A field of the graph that changes.',
  SUBSCRIPTION: 'A field of the graph that listens.',
  ROUTE: 'A door of a plugin’s own.',
  LINK: 'A path that leads somewhere else.',
  ASSET: 'A folder of files.',
  JOB: 'A kind of job that can be enqueued.',
};

/** What can be called here. */
export function endpoints(builder: Builder): void {
  builder.enumType('EndpointKind', {
    description: 'What an endpoint is.',
    values: Object.fromEntries(endpointKinds.map((kind) => [kind, { description: kinds[kind] }])),
  });
  node(builder, 'Endpoint', {
    description: 'Something that can be called. Its id is the same on every node that has the same plugins.',
    find: findEndpoints,
    fields: (t) => ({
      name: t.exposeString('name', { description: 'What permissions call it.' }),
      plugin: t.exposeString('plugin', { description: 'The plugin that declares it.' }),
      kind: t.field({
        type: 'EndpointKind' as never,
        description: 'What it is.',
        resolve: ({ kind }) => kind as never,
      }),
      title: t.exposeString('title', { description: 'How people call it.' }),
      subtitle: t.string({ description: 'Its name.', resolve: ({ name }) => name }),
      description: t.exposeString('description', { description: 'What it does.' }),
      author: t.exposeString('author', { description: 'Who answers for it.' }),
      tags: t.stringList({
        description: 'For searches; `new` for what exists for less than `info.newFor`.',
        resolve: ({ tags }) => [...tags],
      }),
      methods: t.stringList({
        description: 'The methods of HTTP that it takes; none where it is not called over it.',
        resolve: ({ methods }) => [...methods],
      }),
      path: t.exposeString('path', { nullable: true, description: 'Where it is mounted.' }),
      enterUrl: t.exposeString('enterUrl', { nullable: true, description: 'Where people enter it.' }),
      arguments: t.field({
        type: 'JSON',
        description: 'What it is given: a list of name, type, required and description, or a JSON Schema.',
        resolve: (endpoint) => endpoint.arguments,
      }),
      permission: t.exposeString('permission', { nullable: true, description: 'What it needs; null: nothing.' }),
      emits: t.stringList({ description: 'The events that it appends.', resolve: ({ emits }) => [...emits] }),
      deprecated: t.exposeString('deprecated', {
        nullable: true,
        description: 'Why it should not be used any more; null where it should.',
      }),
    }),
  });
  const tag = builder.objectRef<{ tag: string; count: number }>('TagCount').implement({
    description: 'A tag with how many endpoints have it.',
    fields: (t) => ({
      tag: t.exposeString('tag', { description: 'The tag.' }),
      count: t.exposeInt('count', { description: 'How many endpoints that the viewer may call have it.' }),
    }),
  });
  builder.queryFields((t) => ({
    endpoint: t.field({
      type: 'Endpoint',
      nullable: true,
      description: 'The endpoint with this id; null for what the viewer may not call.',
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      resolve: (_, { id }, ctx) => findEndpoint(ctx, { id }),
    }),
    endpoints: connection(builder, t, 'Endpoint', {
      description: 'What the viewer may call in one way at least, by title and name.',
      args: {
        search: t.arg.string({
          description:
            'Words, all of which its name, title, description, author or tags hold. A leading `!` is as `api: true`.',
        }),
        tags: t.arg.stringList({ description: 'Only what has all of these.' }),
        api: t.arg.boolean({
          defaultValue: false,
          description: 'Whether what is tagged `api` is among them: what programs call rather than people enter.',
        }),
      },
      resolve: (_, args, page, ctx) => listEndpoints(ctx, args as never, page),
    }),
    endpointTags: t.field({
      type: [tag],
      description: 'The tags of what the viewer may call.',
      resolve: (_, __, ctx) => countTags(ctx),
    }),
  }));
}
