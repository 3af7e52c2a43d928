import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  getVariableValues,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { InputError } from '#kernel/errors.ts';
import type { FeedPlan, OverflowPolicy } from '#kernel/feed.ts';

/** A subscription after validation: what to execute for each event, and how to deliver it. */
export interface LiveOperation {
  readonly plan: FeedPlan;
  readonly args: Readonly<Record<string, unknown>>;
  readonly after: string | null;
  readonly hello: boolean;
  readonly overflow: OverflowPolicy | null;
  /** The document without what concerns delivery only, so that equal wishes are equal. */
  readonly document: DocumentNode;
  readonly operationName: string | null;
  /** As given, for the variables that the document still has. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Equal for operations that execute equally for equal viewers. */
  readonly key: string;
  /** Whether a field is selected whose value depends on who asks, not only on his rights. */
  readonly personal: boolean;
}

/** The arguments that concern delivery, not what is delivered. */
const deliveryArguments = new Set(['after', 'hello', 'overflow']);

/**
 * @param document valid against the schema.
 * @throws InputError, or GraphQLError for variables of the wrong kind.
 */
export function prepareOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): LiveOperation {
  const root = rootField(operation.selectionSet, fragmentsOf(document));
  const type = schema.getSubscriptionType();
  const field = root && type?.getFields()[root.name.value];
  const plan = field?.extensions.feed as FeedPlan | undefined;
  if (!root || !field || !plan)
    throw InputError.at(['query'], 'A subscription selects one field that delivers events.');
  const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  if (coerced.errors) throw firstOf(coerced.errors);
  const args = getArgumentValues(field, root, coerced.coerced);
  const slim = withoutDelivery(document, operation, root.name.value);
  const names = new Set(slim.variables);
  const kept = Object.fromEntries(Object.entries(variables).filter(([name]) => names.has(name)));
  return {
    plan,
    args,
    after: (args.after as string | undefined) ?? null,
    hello: args.hello === true,
    overflow: (args.overflow as OverflowPolicy | undefined) ?? null,
    document: slim.document,
    operationName: operation.name?.value ?? null,
    variables: kept,
    key: JSON.stringify([print(slim.document), operation.name?.value ?? null, canonical(kept)]),
    personal: selectsPersonal(schema, slim.document),
  };
}

function firstOf(errors: readonly GraphQLError[]): Error {
  return errors[0] ?? new Error('Variables were refused without a reason.');
}

function fragmentsOf(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(
    document.definitions
      .filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
      .map((fragment) => [fragment.name.value, fragment]),
  );
}

/** The one root field, wherever fragments hide it. Valid documents have no circles of fragments. */
function rootField(set: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): FieldNode | null {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) return selection;
    const inner =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection.selectionSet
        : fragments.get(selection.name.value)?.selectionSet;
    const found = inner && rootField(inner, fragments);
    if (found) return found;
  }
  return null;
}

function withoutDelivery(document: DocumentNode, operation: OperationDefinitionNode, field: string) {
  const used = new Set<string>();
  const stripped = visit(document, {
    OperationDefinition: (node) => (node === operation ? undefined : null),
    Field(node) {
      if (node.name.value !== field) return undefined;
      const rest = (node.arguments ?? []).filter((argument) => !deliveryArguments.has(argument.name.value));
      return { ...node, arguments: rest };
    },
  });
  visit(stripped, {
    VariableDefinition: () => false,
    Variable: (node) => {
      used.add(node.name.value);
    },
  });
  const slim = visit(stripped, {
    VariableDefinition: (node) => (used.has(node.variable.name.value) ? undefined : null),
  });
  return { document: slim, variables: used };
}

function selectsPersonal(schema: GraphQLSchema, document: DocumentNode): boolean {
  const info = new TypeInfo(schema);
  let personal = false;
  visit(
    document,
    visitWithTypeInfo(info, {
      Field() {
        const parent = getNamedType(info.getParentType());
        if (info.getFieldDef()?.extensions.personal === true && isObjectType(parent)) personal = true;
      },
    }),
  );
  return personal;
}

/** JSON with sorted keys, so that the order in which a client writes its variables does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}
