import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';
import type { GraphqlConfig } from '#http/config.ts';
import type { FieldFault } from '#kernel/errors.ts';

export type Limits = GraphqlConfig['limits'];

/** How large an operation is, by its text and its variables alone. */
export interface OperationSize {
  readonly depth: number;
  readonly cost: number;
  readonly aliases: number;
  readonly rootFields: number;
  /** Whether it reads the schema itself. */
  readonly introspects: boolean;
}

/** The page size that the lists of the schema take when nobody says another. */
const DEFAULT_PAGE = 50;

/**
 * The part that a selection adds to what is above it. A fragment has the same everywhere, so it is measured once,
 * however often it is spread: the work is linear in the document.
 */
interface Part {
  depth: number;
  /** Objects asked for, once for each object that the selection is made on. */
  once: number;
  /** Objects in lists that take their length from the connection that the selection is made on. */
  perItem: number;
  aliases: number;
  fields: number;
  introspects: boolean;
}

const nothing: Readonly<Part> = { depth: 0, once: 0, perItem: 0, aliases: 0, fields: 0, introspects: false };

export type DocumentMeasure = ReturnType<typeof measureDocument>;

/**
 * Measures operations of one document, which needs to be neither valid nor free of fragments in circles: what the
 * schema does not know counts as an object without a page size, and validation refuses it afterwards.
 */
export function measureDocument(schema: GraphQLSchema, document: DocumentNode) {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);

  /** The sizes of operations that are the same whatever the variables. */
  const constant = new Map<OperationDefinitionNode, OperationSize>();
  let most: number | null = null;

  return {
    /** @param variables as the client sent them: page sizes may come from there. */
    operation(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>): OperationSize {
      const known = constant.get(operation);
      if (known) return known;
      const sizes = pageSizes(operation, variables);
      const measure = measurer(schema, fragments, sizes.read);
      const part = measure(operation.selectionSet, schema.getRootType(operation.operation));
      const { depth, aliases, fields: rootFields, introspects } = part;
      const size = { depth, aliases, rootFields, introspects, cost: part.once + part.perItem };
      if (!sizes.vary()) constant.set(operation, size);
      return size;
    },

    /**
     * The most aliases within one definition of the document, fragments that nothing spreads included. Validation
     * compares fields of one name pair by pair, so this is looked at before it begins.
     */
    mostAliases(): number {
      if (most !== null) return most;
      const measure = measurer(schema, fragments, () => DEFAULT_PAGE);
      const counts = document.definitions.map((definition) =>
        'selectionSet' in definition ? measure(definition.selectionSet, undefined).aliases : 0,
      );
      most = Math.max(0, ...counts);
      return most;
    },
  };
}

type PageSize = (value: ValueNode | undefined, fallback: unknown) => number;

function pageSizes(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>) {
  const defaults = new Map(operation.variableDefinitions?.map((one) => [one.variable.name.value, one.defaultValue]));
  const literal = (value: ValueNode | undefined) => (value?.kind === Kind.INT ? Number(value.value) : null);
  let varied = false;
  const read: PageSize = (value, fallback) => {
    let given: unknown = literal(value);
    if (value?.kind === Kind.VARIABLE) {
      varied = true;
      given = variables[value.name.value] ?? literal(defaults.get(value.name.value));
    }
    const size = given ?? fallback;
    return typeof size === 'number' && size >= 0 ? size : DEFAULT_PAGE;
  };
  return { read, vary: () => varied };
}

function measurer(
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  pageSize: PageSize,
): (set: SelectionSetNode, on: GraphQLNamedType | null | undefined) => Part {
  const measured = new Map<string, Readonly<Part>>();

  function spread(name: string): Readonly<Part> {
    const known = measured.get(name);
    if (known) return known;
    // Stands for the fragment within itself, so that circles end.
    measured.set(name, nothing);
    const fragment = fragments.get(name);
    if (!fragment) return nothing;
    const part = measure(fragment.selectionSet, schema.getType(fragment.typeCondition.name.value));
    measured.set(name, part);
    return part;
  }

  function measure(set: SelectionSetNode, on: GraphQLNamedType | null | undefined): Part {
    const total: Part = { ...nothing };
    const names = new Set<string>();
    for (const selection of set.selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) addPart(total, spread(selection.name.value));
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const condition = selection.typeCondition;
        addPart(total, measure(selection.selectionSet, condition ? schema.getType(condition.name.value) : on));
      } else {
        const name = (selection.alias ?? selection.name).value;
        if (selection.alias || names.has(name)) total.aliases += 1;
        names.add(name);
        total.fields += 1;
        addField(total, selection, on);
      }
    }
    return total;
  }

  function addField(total: Part, field: FieldNode, on: GraphQLNamedType | null | undefined): void {
    const name = field.name.value;
    if (name === '__schema' || name === '__type') {
      total.introspects = true;
      total.depth = Math.max(total.depth, 1);
      if (field.selectionSet) total.aliases += measure(field.selectionSet, undefined).aliases;
      return;
    }
    const definition = isObjectType(on) || isInterfaceType(on) ? on.getFields()[name] : undefined;
    const inner = field.selectionSet
      ? measure(field.selectionSet, definition && getNamedType(definition.type))
      : nothing;
    total.depth = Math.max(total.depth, inner.depth + 1);
    total.aliases += inner.aliases;
    total.introspects ||= inner.introspects;
    if (!field.selectionSet) return;
    const size = definition && ownPageSize(definition, field, pageSize);
    if (size !== undefined && isList(definition?.type)) total.once += size * (1 + inner.once + inner.perItem);
    else if (size !== undefined) total.once += 1 + inner.once + size * inner.perItem;
    else if (isList(definition?.type)) total.perItem += 1 + inner.once + inner.perItem;
    else total.once += 1 + inner.once + inner.perItem;
  }

  return measure;
}

function addPart(total: Part, part: Readonly<Part>): void {
  total.depth = Math.max(total.depth, part.depth);
  total.once += part.once;
  total.perItem += part.perItem;
  total.aliases += part.aliases;
  total.fields += part.fields;
  total.introspects ||= part.introspects;
}

const isList = (type: GraphQLOutputType | undefined) => type !== undefined && isListType(getNullableType(type));

/** The number of items that a field of pages is asked for, or undefined for one that has no pages. */
function ownPageSize(
  definition: GraphQLField<unknown, unknown>,
  field: FieldNode,
  pageSize: PageSize,
): number | undefined {
  const sizes = definition.args.filter((argument) => argument.name === 'first' || argument.name === 'last');
  if (sizes.length === 0) return undefined;
  const given = sizes.flatMap((argument) => {
    const value = field.arguments?.find((one) => one.name.value === argument.name)?.value;
    return value && value.kind !== Kind.NULL ? [pageSize(value, argument.defaultValue)] : [];
  });
  return given.length > 0 ? Math.max(...given) : pageSize(undefined, sizes[0]?.defaultValue);
}

const nouns = { depth: 'depth', cost: 'cost', aliases: 'number of aliases', rootFields: 'number of root fields' };

/**
 * What of an operation is over a limit: each fault names the limit, the value found and the key of the config.
 * @param document the operation's, the rest of which may hold too many aliases as well.
 */
export function overLimits(size: OperationSize, document: DocumentMeasure, limits: Limits): FieldFault[] {
  const names = ['depth', 'cost', 'aliases', 'rootFields'] as const;
  const faults = names.flatMap((name) => (size[name] <= limits[name] ? [] : [overLimit(name, size[name], limits)]));
  const most = document.mostAliases();
  return faults.length > 0 || most <= limits.aliases ? faults : [overLimit('aliases', most, limits)];
}

function overLimit(name: keyof typeof nouns, found: number, limits: Limits): FieldFault {
  // Fragments that spread fragments multiply beyond what numbers hold.
  const shown = Number.isSafeInteger(found) ? found : `more than ${Number.MAX_SAFE_INTEGER}`;
  return {
    path: ['query'],
    message: `The ${nouns[name]} of the operation is ${shown}, the most is ${limits[name]} (graphql.limits.${name}).`,
  };
}
