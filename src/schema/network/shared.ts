import type { Context } from '#kernel/context.ts';
import type { EventDefinition } from '#kernel/event.ts';
import type { AttributeResource } from '#resolvers/network/attributes/attribute.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { findSites } from '#resolvers/network/sites/find.ts';
import type { Site } from '#resolvers/network/sites/site.ts';
import { type Watch, watch } from '#resolvers/network/watch.ts';
import type { Builder, SchemaTypes } from '#schema/builder.ts';
import { feed } from '#schema/feed.ts';

/** What the things in Sites have in common. */
interface InSite {
  readonly id: string;
  readonly siteId: string;
}

declare module '#schema/builder.ts' {
  interface InterfaceShapes {
    NetworkResource: InSite;
  }
}

/** The interface of the things in Sites, and what their inputs share. */
export function resources(builder: Builder): void {
  builder.inputType('AttributeMatch', {
    description: 'A value that a thing carries under a name.',
    fields: (t) => ({
      name: t.string({ required: true, description: 'The name of the attribute.' }),
      value: t.string({ description: 'One of its values; the empty one unless said.' }),
    }),
  });
  builder.interfaceType('NetworkResource', {
    description: 'A thing in a Site.',
    interfaces: [builder.nodeInterfaceRef()] as never,
    fields: (t) => ({
      site: t.field({
        type: 'Site',
        nullable: true,
        description: 'The Site it belongs to; null where the viewer may not read the Site itself.',
        resolve: (thing, _, ctx): Promise<Site | null> => ctx.load(findSites, thing.siteId),
      }),
      attributes: t.field({
        type: 'Attributes',
        description: 'What it carries, by name.',
        resolve: (thing, _, ctx) => ctx.load(attributesOf, thing.id),
      }),
      attribute: t.stringList({
        nullable: true,
        description: 'What it carries under one name, several values in their order; null for nothing.',
        args: { name: t.arg.string({ required: true, description: 'The name.' }) },
        async resolve(thing, { name }, ctx) {
          const attributes = await ctx.load(attributesOf, thing.id);
          return Object.hasOwn(attributes, name) ? [attributes[name] ?? []].flat() : null;
        },
      }),
      naturalKey: t.string({
        description: 'How people call it.',
        resolve: () => {
          throw new Error('Each type says what its natural key is.');
        },
      }),
    }),
  });
}

interface AttributeMatchInput {
  readonly name: string;
  readonly value?: string | null;
}

declare module '#schema/builder.ts' {
  interface InputShapes {
    AttributeMatch: AttributeMatchInput;
  }
}

type ArgBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'Arg'>;

/** The arguments of a list that choose by a set query. */
export const queryArgs = (arg: Pick<ArgBuilder, 'string' | 'boolean'>) => ({
  query: arg.string({ description: 'Only those in the set of this query: `role=spine -owner=lab`.' }),
  unique: arg.boolean({ description: 'Whether the query must have exactly one result.' }),
});

type Noun = 'site' | 'attribute' | 'device' | 'network' | 'networkInterface' | 'circuit' | 'protocolType' | 'protocol';

/** The nouns whose things carry attributes. */
const resourceOf: Readonly<Partial<Record<Noun, AttributeResource>>> = {
  device: 'DEVICE',
  network: 'NETWORK',
  networkInterface: 'INTERFACE',
  circuit: 'CIRCUIT',
  protocol: 'PROTOCOL',
};

/** `deviceChanged(site ids query)`: what happens to the things of one noun. */
export function changeFeed(
  builder: Builder,
  noun: Noun,
  type: string,
  // biome-ignore lint/suspicious/noExplicitAny: events of any data
  events: readonly EventDefinition<any>[],
): void {
  const resource = resourceOf[noun] ?? null;
  feed(builder, `${noun}Changed`, {
    description: `Every ${noun} that is created, changed or deleted and that the viewer may see.`,
    needs: 'network:read',
    args: (arg) => ({
      site: arg({ type: 'SiteKey', description: 'Only of this Site.' }),
      ids: arg.idList({ description: 'Only these; 1,000 at most.' }),
      ...(resource && {
        query: arg.string({ description: 'Only what is or was in the set of this query: `role=spine -owner=lab`.' }),
      }),
    }),
    events,
    select: (ctx: Context, args) => watch(ctx, { type, events, resource }, args as Watch),
  });
}
