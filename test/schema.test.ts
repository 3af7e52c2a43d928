import { readFile } from 'node:fs/promises';
import {
  type GraphQLArgument,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  isUnionType,
  printSchema,
} from 'graphql';
import { expect, test } from 'vitest';
import { makeSchema, roomSections } from '#gateway';
import { makePlan } from '#plugins/configure.ts';

const plan = await makePlan({ folder: process.cwd(), environment: {}, sections: roomSections });
const schema = makeSchema(plan.plugins, plan.catalogue);
const types = Object.values(schema.getTypeMap()).filter(
  (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
);
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
const subscriptions = Object.values(schema.getSubscriptionType()?.getFields() ?? {});

const pascal = (name: string) => (name[0] ?? '').toUpperCase() + name.slice(1);

function fieldsOf(type: GraphQLNamedType) {
  return isObjectType(type) || isInterfaceType(type) || isInputObjectType(type) ? Object.values(type.getFields()) : [];
}

const argumentsOf = (field: object) => ('args' in field ? (field.args as readonly GraphQLArgument[]) : []);

test('the committed schema is the one that the default plugins make', async () => {
  const committed = await readFile('schema.graphql', 'utf8');
  expect(committed, 'Run `npm run schema` and look at what changed.').toBe(`${printSchema(schema)}\n`);
});

test('every type, field, argument and enum value has a description', () => {
  const silent = types.flatMap((type) => [
    ...(type.description ? [] : [type.name]),
    ...fieldsOf(type).flatMap((field) => [
      ...(field.description ? [] : [`${type.name}.${field.name}`]),
      ...argumentsOf(field)
        .filter((argument) => !argument.description)
        .map((argument) => `${type.name}.${field.name}(${argument.name})`),
    ]),
    ...(isEnumType(type) ? type.getValues() : [])
      .filter((value) => !value.description)
      .map((value) => `${type.name}.${value.name}`),
  ]);
  expect(silent).toEqual([]);
});

/** What a mutation may answer that is neither its success nor an error. */
const otherOutcomes: Readonly<Record<string, readonly string[]>> = { dataCollectionPoll: ['PollPending'] };

test('mutations are noun and verb, take one input and answer a union of their success and errors', () => {
  for (const { name, args, type } of mutations) {
    expect(name).toMatch(/^[a-z]+([A-Z][a-z]+)*$/);
    expect(args.map((argument) => argument.name).join()).toMatch(/^(input|inputs|)$/);
    const [input] = args;
    if (input?.name === 'input') expect(String(input.type)).toBe(`${pascal(name)}Input!`);
    if (input?.name === 'inputs') expect(String(input.type)).toMatch(/^\[\w+Input!\]!$/);
    expect(isNonNullType(type)).toBe(true);
    const union = schema.getType(`${pascal(name)}Result`);
    expect(String(type), name).toBe(`${pascal(name)}Result!`);
    if (!isUnionType(union)) throw new Error(`${name} answers no union.`);
    const members = union.getTypes();
    expect(members.map((member) => member.name)).toContain(`${pascal(name)}Success`);
    expect(members.map((member) => member.name)).toContain('GenericError');
    const outcomes = [`${pascal(name)}Success`, ...(otherOutcomes[name] ?? [])];
    for (const member of members.filter((member) => !outcomes.includes(member.name)))
      expect(
        member.getInterfaces().map((one) => one.name),
        `${member.name} of ${name}`,
      ).toEqual(['Error']);
  }
});

test('a success never has a field that an error has', () => {
  const successes = types.filter((type) => type.name.endsWith('Success'));
  for (const success of successes)
    for (const field of fieldsOf(success)) expect(['code', 'message', 'path']).not.toContain(field.name);
});

test('subscriptions can be resumed, and answer a feed with Gap and Subscribed of live items alone', () => {
  for (const { name, args, type } of subscriptions) {
    expect(args.map((argument) => argument.name)).toEqual(expect.arrayContaining(['after', 'hello', 'overflow']));
    const union = schema.getType(String(type).replace('!', ''));
    if (!isUnionType(union)) throw new Error(`${name} answers no union.`);
    expect(union.name).toMatch(/Feed$/);
    const members = union.getTypes();
    expect(members.map((member) => member.name)).toEqual(expect.arrayContaining(['Gap', 'Subscribed']));
    for (const member of members) expect(member.getInterfaces().map((one) => one.name)).toContain('LiveItem');
  }
});

test('in one union no field has two types', () => {
  for (const union of types.filter(isUnionType)) {
    const seen = new Map<string, string>();
    for (const member of union.getTypes())
      for (const field of fieldsOf(member)) {
        const type = String(field.type);
        expect(seen.get(field.name) ?? type, `${union.name}: ${member.name}.${field.name}`).toBe(type);
        seen.set(field.name, type);
      }
  }
});

test('whatever can grow is a connection of the usual form', () => {
  for (const type of types.filter((type) => type.name.endsWith('Connection'))) {
    const fields = fieldsOf(type).map((field) => field.name);
    expect(fields).toEqual(['edges', 'nodes', 'pageInfo', 'totalCount']);
  }
  const pages = types.flatMap((type) => (isObjectType(type) ? Object.values(type.getFields()) : []));
  for (const field of pages.filter((field) => /Connection!$/.test(String(field.type))))
    expect(field.args.map((argument) => argument.name)).toEqual(
      expect.arrayContaining(['first', 'after', 'last', 'before', 'offset']),
    );
});

test('no type takes a name that the graph itself needs', () => {
  for (const name of ['Interface', 'Object', 'Collection', 'Data', 'Type'])
    expect(schema.getType(name), name).toBeUndefined();
});
