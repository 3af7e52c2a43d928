import fc from 'fast-check';
import { buildSchema, getOperationAST, Kind, parse, type SelectionSetNode } from 'graphql';
import { describe, expect, test } from 'vitest';
import { measureDocument } from '#http/limits.ts';
import { ask, testDoor, testSchema } from './support.ts';

const schema = testSchema();

function measure(text: string, variables: Record<string, unknown> = {}, operation: string | null = null) {
  const document = parse(text);
  const chosen = getOperationAST(document, operation);
  if (!chosen) throw new Error('The document holds no such operation.');
  return measureDocument(schema, document).operation(chosen, variables);
}

describe('the cost of an operation', () => {
  test('counts one for each object and nothing for leaves', () => {
    expect(measure('{ hello me }').cost).toBe(0);
    expect(measure('{ hello site(id: 1) { name } }').cost).toBe(1);
    expect(measure('{ node { id node { id } } }').cost).toBe(2);
  });

  test('multiplies the objects of a connection by its page size, and the connection itself not', () => {
    expect(measure('{ devices(first: 10) { totalCount pageInfo { hasNextPage } } }').cost).toBe(2);
    expect(measure('{ devices(first: 10) { nodes { hostname } } }').cost).toBe(1 + 10);
    expect(measure('{ devices(last: 7) { edges { node { hostname } } } }').cost).toBe(1 + 7 * 2);
    expect(measure('{ devices(first: 10) { nodes { neighbours(first: 5) { nodes { hostname } } } } }').cost).toBe(
      1 + 10 * (1 + (1 + 5)),
    );
  });

  test('takes the page size from a variable, its default, the default of the schema, or 50', () => {
    const text = 'query ($n: Int = 3) { devices(first: $n) { nodes { hostname } } }';
    expect(measure(text, { n: 8 }).cost).toBe(1 + 8);
    expect(measure(text).cost).toBe(1 + 3);
    expect(measure('query ($n: Int) { devices(first: $n) { nodes { hostname } } }').cost).toBe(1 + 50);
    expect(measure('{ devices { nodes { hostname } } }').cost).toBe(1 + 50);
    expect(measure('{ devices(first: null) { nodes { hostname } } }').cost).toBe(1 + 50);
    expect(measure('{ site(id: 1) { devices { nodes { hostname } } } }').cost).toBe(1 + 1 + 20);
  });

  test('counts a list that cannot be paged as one', () => {
    expect(measure('{ devices(first: 10) { nodes { tags { name } } } }').cost).toBe(1 + 10 * 2);
  });

  test('is the same for a fragment as for its selections, wherever it is spread', () => {
    const items = 'fragment Items on DeviceConnection { nodes { ...Device } pageInfo { hasNextPage } }';
    const device = 'fragment Device on Device { hostname tags { name } }';
    const spread = `{ a: devices(first: 10) { ...Items } b: devices(first: 4) { ...Items } } ${items} ${device}`;
    expect(measure(spread).cost).toBe(2 * (1 + 1) + (10 + 4) * 2);
    expect(measure('{ devices(first: 10) { ... on DeviceConnection { nodes { hostname } } } }').cost).toBe(11);
  });

  test('is measured once per operation and again for other variables', () => {
    const document = parse('query ($n: Int) { devices(first: $n) { nodes { hostname } } }');
    const operation = getOperationAST(document);
    const sizes = measureDocument(schema, document);
    if (!operation) throw new Error('The document holds no operation.');
    expect(sizes.operation(operation, { n: 1 }).cost).toBe(2);
    expect(sizes.operation(operation, { n: 9 }).cost).toBe(10);
  });
});

describe('depth, aliases and root fields', () => {
  test('depth counts levels of fields, through fragments, and leaves introspection out', () => {
    expect(measure('{ hello }').depth).toBe(1);
    expect(measure('{ devices { nodes { hostname } } }').depth).toBe(3);
    expect(measure('{ node { ...N } } fragment N on Node { node { node { id } } }').depth).toBe(4);
    expect(measure('{ __schema { types { fields { type { ofType { ofType { name } } } } } } }').depth).toBe(1);
  });

  test('aliases count where they are spread, and a field named again counts as one', () => {
    expect(measure('{ a: hello b: hello hello }').aliases).toBe(2);
    expect(measure('{ me me me }').aliases).toBe(2);
    expect(measure('{ x: node { ...N } y: node { ...N } } fragment N on Node { a: id b: id }').aliases).toBe(6);
    expect(measure('{ __schema { a: types { b: name } } }').aliases).toBe(2);
  });

  test('root fields count through fragments', () => {
    expect(measure('{ hello ...Q } fragment Q on Query { me ... on Query { node { id } } }').rootFields).toBe(3);
  });

  test('reading the schema is noticed in fragments too', () => {
    expect(measure('{ hello __typename }').introspects).toBe(false);
    expect(measure('{ ...Q } fragment Q on Query { __type(name: "Site") { name } }').introspects).toBe(true);
  });
});

describe('documents made to be hard to measure', () => {
  test('fragments that double each other 60 times over are measured at once and are beyond counting', () => {
    const levels = Array.from(
      { length: 60 },
      (_, at) => `fragment F${at} on Node { node { ...F${at + 1} } a: node { ...F${at + 1} } }`,
    );
    const text = `{ node { ...F0 } } ${levels.join(' ')} fragment F60 on Node { id }`;
    const begun = performance.now();
    expect(measure(text).cost).toBeGreaterThan(2 ** 59);
    expect(performance.now() - begun).toBeLessThan(500);
  });

  test('fragments in a circle end', () => {
    const text = '{ node { ...A } } fragment A on Node { node { ...B } } fragment B on Node { node { ...A } }';
    expect(measure(text).depth).toBe(3);
  });

  test('fields and fragments that do not exist count as they stand', () => {
    expect(measure('{ nowhere(first: 1000) { inside { deeper } } ...Gone }')).toMatchObject({ cost: 2, depth: 3 });
  });
});

/** The same measures by following every spread, as an executor would: right, and exponential. */
function expand(
  set: SelectionSetNode,
  fragments: Map<string, SelectionSetNode>,
): { depth: number; cost: number; aliases: number } {
  const total = { depth: 0, cost: 0, aliases: 0 };
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      const inner = selection.selectionSet
        ? expand(selection.selectionSet, fragments)
        : { depth: 0, cost: 0, aliases: 0 };
      total.depth = Math.max(total.depth, inner.depth + 1);
      total.cost += inner.cost + (selection.selectionSet ? 1 : 0);
      total.aliases += inner.aliases + (selection.alias ? 1 : 0);
    } else if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const inner = expand(
        fragments.get(selection.name.value) ?? { kind: Kind.SELECTION_SET, selections: [] },
        fragments,
      );
      total.depth = Math.max(total.depth, inner.depth);
      total.cost += inner.cost;
      total.aliases += inner.aliases;
    }
  }
  return total;
}

test('measuring once per fragment gives what following every spread gives', () => {
  const tree = buildSchema('type Query { node: Node } type Node { id: ID node: Node }');
  // Fragment n spreads only later ones, so there are no circles; names are unique, so nothing is named twice.
  let names = 0;
  const selections = (level: number): fc.Arbitrary<string> =>
    fc
      .array(
        fc.oneof(
          { maxDepth: 3, depthIdentifier: 'selection' },
          fc.constant(null).map(() => `a${names++}: id`),
          fc.integer({ min: level + 1, max: 5 }).map((at) => `...F${at}`),
          fc.constant(null).map(() => `a${names++}: node { a${names++}: id }`),
          fc.integer({ min: level + 1, max: 5 }).map((at) => `a${names++}: node { ...F${at} a${names++}: id }`),
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((parts) => parts.join(' '));
  fc.assert(
    fc.property(fc.tuple(...[-1, 0, 1, 2, 3, 4].map((level) => selections(level))), ([root = '', ...rest]) => {
      const fragments = [...rest, 'id'].map((text, at) => `fragment F${at} on Node { ${text} }`);
      const document = parse(`query { node { ${root} } } ${fragments.join(' ')}`);
      const operation = getOperationAST(document);
      if (!operation) throw new Error('The document holds no operation.');
      const sets = new Map(
        document.definitions.flatMap((one) =>
          one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one.selectionSet]] : [],
        ),
      );
      const { depth, cost, aliases } = measureDocument(tree, document).operation(operation, {});
      expect({ depth, cost, aliases }).toEqual(expand(operation.selectionSet, sets));
    }),
    { numRuns: 200 },
  );
});

describe('an operation over a limit', () => {
  const { door } = testDoor({
    config: { graphql: { limits: { depth: 3, cost: 100, aliases: 2, rootFields: 2, tokens: 60 } } },
  });
  const refused = [
    [
      'depth',
      '{ node { node { node { id } } } }',
      'The depth of the operation is 4, the most is 3 (graphql.limits.depth).',
    ],
    [
      'cost',
      '{ devices(first: 100) { nodes { hostname } } }',
      'The cost of the operation is 101, the most is 100 (graphql.limits.cost).',
    ],
    [
      'aliases',
      '{ node { a: id b: id c: id } }',
      'The number of aliases of the operation is 3, the most is 2 (graphql.limits.aliases).',
    ],
    [
      'rootFields',
      '{ hello me node { id } }',
      'The number of root fields of the operation is 3, the most is 2 (graphql.limits.rootFields).',
    ],
    [
      'tokens',
      `{ ${'hello '.repeat(60)} }`,
      'The document has more than 60 tokens, which is the most (graphql.limits.tokens).',
    ],
  ] as const;

  test.each(refused)('names the limit %s, the value found and the key', async (_limit, query, message) => {
    const { error } = await ask(door, { query });
    expect(error?.extensions.code).toBe('BAD_USER_INPUT');
    expect(error?.message).toBe(message);
  });

  test('names all limits that it is over, at once', async () => {
    const { error } = await ask(door, { query: '{ a: node { node { node { id } } } b: me c: me }' });
    expect(error?.extensions.fields).toHaveLength(3);
  });

  test('is judged by the variables of the request', async () => {
    const query = 'query ($n: Int!) { devices(first: $n) { nodes { hostname } } }';
    expect((await ask(door, { query, variables: { n: 500 } })).error?.message).toContain('is 501');
    expect((await ask(door, { query, variables: { n: 5 } })).code).toBe('INTERNAL');
  });
});
