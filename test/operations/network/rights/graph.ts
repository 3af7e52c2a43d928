/** What the graph offers about things, read from the schema itself: so a relation that is added is looked at too. */
import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';

/** The lists of everything, by type. */
export const lists: Readonly<Record<string, string>> = {
  Site: 'sites',
  Attribute: 'attributes',
  Device: 'devices',
  Network: 'networks',
  NetworkInterface: 'networkInterfaces',
  Circuit: 'circuits',
  ProtocolType: 'protocolTypes',
  Protocol: 'protocols',
  AttributeValue: 'attributeValues',
};

/** Fields that need an argument, and what they are given; null for those that tell of no other thing. */
const given: Readonly<Record<string, string | null>> = {
  'Circuit.interfaceFor': null,
  'Network.nextNetworks': null,
  // Free space is named as the networks of other Sites are.
  'Network.nextAddresses': null,
  attribute: '(name: "role")',
};

const things = new Set([...Object.keys(lists), 'Assignment', 'NetworkResource', 'Node']);
export const changeFields = `id targetId naturalKey before after diff { text fields { path before after } }
  site { id } target { __typename id }`;

/** The fields of a type: how each relation is selected, and all that is told beside. */
export function fieldsOf(schema: GraphQLSchema, type: string): { relations: string[]; selection: string } {
  const fields = Object.values((schema.getType(type) as GraphQLObjectType).getFields());
  const chosen = fields.map((field) => ({ name: field.name, ...select(type, field) }));
  return {
    relations: chosen.filter(({ relation }) => relation).map(({ name }) => name),
    selection: `__typename ${chosen.map(({ text }) => text).join(' ')}`,
  };
}

function select(type: string, field: GraphQLField<unknown, unknown>): { text: string; relation: boolean } {
  const { name, args } = field;
  const needed = args.some(isRequiredArgument);
  const said = [`${type}.${name}`, ...(needed ? [name] : [])].find((key) => Object.hasOwn(given, key));
  if (said === undefined && needed) throw new Error(`Say what ${type}.${name} is given.`);
  const call = said === undefined ? '' : given[said];
  if (call == null) return { text: '', relation: false };
  const named: GraphQLNamedType = getNamedType(field.type);
  if (isLeafType(named)) return { text: `${name}${call}`, relation: false };
  if (things.has(named.name)) return { text: `${name}${call} { __typename ${idOf(named.name)} }`, relation: true };
  if (named.name === 'ChangeConnection')
    return { text: `${name}(first: 100) { totalCount nodes { ${changeFields} } }`, relation: false };
  const inside = named.name.replace(/Connection$/, '');
  if (inside !== named.name && things.has(inside))
    return { text: `${name}(first: 200) { totalCount nodes { __typename ${idOf(inside)} } }`, relation: true };
  const leaves = isObjectType(named)
    ? Object.values(named.getFields()).filter((part) => isLeafType(getNamedType(part.type)))
    : [];
  return {
    text: leaves.length === 0 ? '' : `${name} { ${leaves.map((leaf) => leaf.name).join(' ')} }`,
    relation: false,
  };
}

const idOf = (type: string): string => (type === 'Node' ? '... on Node { id }' : 'id');
