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
}

interface CursorForm<Node> {
  write(node: Node): string;
  /** @param path the argument it was given as. */
  read(cursor: string, path: string): Position;
}

/** One connection type for each node type and builder. */
const connections = new WeakMap<Builder, Map<string, ObjectRef<SchemaTypes, ConnectionShape>>>();

/**
 * A list that can grow: `edges nodes pageInfo totalCount`, by `first after last before` or `offset`. The count is asked
 * for only when it is selected.
 * @param parts.cursors how cursors are written and read, where they are not the list's own.
 */
export function connection<Name extends TypeName, Parent, Args extends InputFieldMap = Record<never, never>>(
  builder: Builder,
  t: FieldBuilder<Parent>,
  type: Name,
  parts: {
    readonly description: string;
    args?: Args;
    readonly cursors?: CursorForm<Shape<Name>>;
    resolve: (
      parent: Parent,
      args: InputShapeFromFields<Args>,
      page: PageRequest,
      ctx: Context,
    ) => Promise<Page<Shape<Name>>>;
  },
): AnyField {
  const { cursors } = parts;
  return t.field({
    type: connectionType(builder, type),
    description: parts.description,
    args: {
      first: t.arg.int({ description: 'How many from the start: 50 unless said, 1,000 at most.' }),
      after: t.arg.string({ description: 'Only what follows this cursor.' }),
      last: t.arg.int({ description: 'How many from the end.' }),
      before: t.arg.string({ description: 'Only what comes before this cursor.' }),
      offset: t.arg.int({ description: 'How many to skip; not together with a cursor.' }),
      ...parts.args,
    },
    resolve: async (parent: Parent, args: object, ctx: Context): Promise<ConnectionShape> => ({
      page: await parts.resolve(
        parent,
        args as InputShapeFromFields<Args>,
        parsePage(args as PageArguments, cursors?.read),
        ctx,
      ),
      cursor: (item) => (cursors ? cursors.write(item.node as Shape<Name>) : encodePosition(item.position)),
    }),
  } as never) as AnyField;
}

function connectionType(builder: Builder, type: TypeName): ObjectRef<SchemaTypes, ConnectionShape> {
  const known = connections.get(builder) ?? new Map<string, ObjectRef<SchemaTypes, ConnectionShape>>();
  connections.set(builder, known);
  const made = known.get(type) ?? makeConnectionType(builder, type);
  known.set(type, made);
  return made;
}

function makeConnectionType(builder: Builder, type: TypeName): ObjectRef<SchemaTypes, ConnectionShape> {
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
        type: builder.pageInfoRef(),
        description: 'Where this page lies in the list.',
        resolve: ({ page, cursor }) => ({
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
