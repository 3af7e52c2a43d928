import type { InputFieldMap, InputShapeFromFields, ObjectRef } from '@pothos/core';
import type { Context } from '#kernel/context.ts';
import {
  encodePosition,
  type Page,
  type PageArguments,
  type PageRequest,
  type Position,
  parsePage,
} from '#kernel/page.ts';
import type { AnyField, Builder, InterfaceShapes, SchemaTypes, Shapes } from '#schema/builder.ts';

type TypeName = keyof (Shapes & InterfaceShapes) & string;
type Shape<Name extends TypeName> = (Shapes & InterfaceShapes)[Name];
type FieldBuilder<Parent> = PothosSchemaTypes.RootFieldBuilder<SchemaTypes, Parent>;

/** A page with the way its edges' cursors are written. */
interface ConnectionShape {
  readonly page: Page<unknown>;
  readonly cursor: (item: Page<unknown>['items'][number]) => string;
  /** What the page says of itself beside what every page says. */
  readonly more: object;
}

interface CursorForm<Node> {
  write(node: Node, position: Position, ctx: Context): string;
  /** @param path the argument it was given as. */
  read(cursor: string, path: string, ctx: Context): Position;
}

/** A page that says more of itself: all lists of a type do so, or none. */
interface PageForm<Node> {
  /** The type of `pageInfo`, which has the fields of every page as well. */
  readonly type: string;
  /** Its further fields. */
  more(nodes: readonly Node[]): object;
}

/** One connection type for each node type and builder. */
const connections = new WeakMap<Builder, Map<string, ObjectRef<SchemaTypes, ConnectionShape>>>();

/**
 * A list that can grow: `edges nodes pageInfo totalCount`, by `first after last before` or `offset`. The count is asked
 * for only when it is selected.
 * @param parts.cursors how cursors are written and read, where they are not the list's own.
 * @param parts.pageInfo what its pages say beside what every page says.
 * @param parts.personal whether it depends on who asks, not only on his rights.
 */
export function connection<Name extends TypeName, Parent, Args extends InputFieldMap = Record<never, never>>(
  builder: Builder,
  t: FieldBuilder<Parent>,
  type: Name,
  parts: {
    readonly description: string;
    args?: Args;
    readonly cursors?: CursorForm<Shape<Name>>;
    readonly pageInfo?: PageForm<Shape<Name>>;
    readonly personal?: boolean;
    /** Whether there may be no list at all. */
    readonly nullable?: boolean;
    resolve: (
      parent: Parent,
      args: InputShapeFromFields<Args>,
      page: PageRequest,
      ctx: Context,
    ) => Promise<Page<Shape<Name>> | null>;
  },
): AnyField {
  const { cursors, pageInfo, personal = false, nullable = false } = parts;
  return t.field({
    type: connectionType(builder, type, pageInfo?.type),
    description: parts.description,
    nullable,
    ...(personal && { extensions: { personal: true } }),
    args: {
      first: t.arg.int({ description: 'How many from the start: 50 unless said, 1,000 at most.' }),
      after: t.arg.string({ description: 'Only what follows this cursor.' }),
      last: t.arg.int({ description: 'How many from the end.' }),
      before: t.arg.string({ description: 'Only what comes before this cursor.' }),
      offset: t.arg.int({ description: 'How many to skip; not together with a cursor.' }),
      ...parts.args,
    },
    resolve: async (parent: Parent, args: object, ctx: Context): Promise<ConnectionShape | null> => {
      const request = parsePage(args as PageArguments, cursors && ((text, path) => cursors.read(text, path, ctx)));
      const page = await parts.resolve(parent, args as InputShapeFromFields<Args>, request, ctx);
      if (!page) return null;
      return {
        page,
        cursor: ({ node, position }) =>
          cursors ? cursors.write(node as Shape<Name>, position, ctx) : encodePosition(position),
        more: pageInfo?.more(page.items.map(({ node }) => node)) ?? {},
      };
    },
  } as never) as AnyField;
}

function connectionType(builder: Builder, type: TypeName, pageInfo?: string): ObjectRef<SchemaTypes, ConnectionShape> {
  const known = connections.get(builder) ?? new Map<string, ObjectRef<SchemaTypes, ConnectionShape>>();
  connections.set(builder, known);
  const made = known.get(type) ?? makeConnectionType(builder, type, pageInfo);
  known.set(type, made);
  return made;
}

function makeConnectionType(
  builder: Builder,
  type: TypeName,
  pageInfo?: string,
): ObjectRef<SchemaTypes, ConnectionShape> {
  const edge = builder.objectRef<{ node: unknown; cursor: string }>(`${type}Edge`).implement({
    description: `One item of a list of ${type}.`,
    fields: (t) => ({
      cursor: t.exposeString('cursor', { description: 'The place of this item in the list.' }),
      node: t.field({ type: type as never, description: 'The item.', resolve: (item) => item.node as never }),
    }),
  });
  return builder.objectRef<ConnectionShape>(`${type}Connection`).implement({
    description: `A page of a list of ${type}.`,
    fields: (t) => ({
      edges: t.field({
        type: [edge],
        description: 'The items with their places.',
        resolve: ({ page, cursor }) => page.items.map((item) => ({ node: item.node, cursor: cursor(item) })),
      }),
      nodes: t.field({
        type: [type as never],
        description: 'The items.',
        resolve: ({ page }) => page.items.map((item) => item.node) as never,
      }),
      pageInfo: t.field({
        type: pageInfo ? (pageInfo as never) : builder.pageInfoRef(),
        description: 'Where this page lies in the list.',
        resolve: ({ page, cursor, more }) => ({
          ...more,
          hasNextPage: page.hasNextPage,
          hasPreviousPage: page.hasPreviousPage,
          startCursor: page.items[0] ? cursor(page.items[0]) : null,
          endCursor: page.items.at(-1) ? cursor(page.items.at(-1) as Page<unknown>['items'][number]) : null,
        }),
      }),
      totalCount: t.int({
        description: 'How many there are in the whole list that the viewer may see.',
        resolve: ({ page }) => page.count(),
      }),
    }),
  });
}
