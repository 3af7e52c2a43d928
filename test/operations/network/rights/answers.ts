/** Everything that the graph tells a person of an inventory, asked over the real door. */
import type { Gateway } from '#gateway';
import { changeFields, fieldsOf, lists } from './graph.ts';
import { type KindName, type Thing, typeOfKind } from './inventory.ts';

// biome-ignore lint/suspicious/noExplicitAny: the answer to any document
export type Json = any;

/** Asks as whoever holds the token; the gateway itself without one. */
export type Ask = (query: string, variables?: Readonly<Record<string, unknown>>) => Promise<Json>;

export const asSystem =
  (gateway: Gateway): Ask =>
  async (document, variables = {}) =>
    JSON.parse(JSON.stringify(await gateway.execute({ document, variables })));

/** @param heard is given the text of every answer. */
export const asPerson =
  (gateway: Gateway, token: string, heard: (text: string) => void = () => undefined): Ask =>
  async (query, variables = {}) => {
    const answer = await gateway.fetch(
      new Request('http://localhost:4000/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query, variables }),
      }),
    );
    const text = await answer.text();
    heard(text);
    return JSON.parse(text);
  };

export interface Listed {
  readonly totalCount: number;
  readonly nodes: readonly Json[];
}

/** Every list with every relation of what it holds, by type. */
export async function askLists(gateway: Gateway, ask: Ask): Promise<Record<string, Listed>> {
  const answers: Record<string, Listed> = {};
  for (const [type, list] of Object.entries(lists)) {
    const { selection } = fieldsOf(gateway.schema, type);
    const { data, errors } = await ask(`{ list: ${list}(first: 1000) { totalCount nodes { ${selection} } } }`);
    if (errors) throw new Error(`${type}: ${JSON.stringify(errors).slice(0, 1000)}`);
    answers[type] = data.list;
  }
  const { selection } = fieldsOf(gateway.schema, 'Assignment');
  const { data } = await ask(
    `{ networks(first: 1000) { nodes { assignments(first: 100) { nodes { ${selection} } } } } }`,
  );
  const nodes = data.networks.nodes.flatMap(({ assignments }: Json) => assignments.nodes);
  return { ...answers, Assignment: { totalCount: nodes.length, nodes } };
}

/** History as the domain tells it, and the log as the platform does: newest first. */
export async function askHistory(ask: Ask): Promise<{ changes: Listed; events: Listed }> {
  const { data, errors } = await ask(`{
    changes(first: 1000) { totalCount nodes { ${changeFields} } }
    events(first: 1000, filter: { names: ["network.*"] }) {
      totalCount nodes { id subjectId subject { __typename id } data before after }
    }
  }`);
  if (errors) throw new Error(JSON.stringify(errors).slice(0, 1000));
  return data;
}

/** The ids among these that `node(id:)` finds. */
export async function askNodes(ask: Ask, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (let start = 0; start < ids.length; start += 200) {
    const some = ids.slice(start, start + 200);
    const { data, errors } = await ask(
      `{ ${some.map((id, index) => `n${index}: node(id: ${JSON.stringify(id)}) { __typename id }`).join(' ')} }`,
    );
    if (errors) throw new Error(JSON.stringify(errors).slice(0, 1000));
    found.push(...some.filter((id, index) => data[`n${index}`]?.id === id));
  }
  return found;
}

const fieldOf = (kind: KindName): string => {
  const type = typeOfKind[kind];
  return `${type[0]?.toLowerCase()}${type.slice(1)}`;
};

/** What each natural key finds, in its Site or in all: an id, null, or the code of the error. */
export async function askKeys(ask: Ask, things: readonly Thing[], inSite: boolean): Promise<(string | null)[]> {
  const named = things.map(({ kind, by, siteId }, index) => {
    const site = inSite && kind !== 'site' ? `site: { id: "${siteId}" }, ` : '';
    const key = JSON.stringify(by)
      .replace(/"(\w+)":/g, '$1: ')
      .replace(/resource: "(\w+)"/, 'resource: $1');
    return `k${index}: ${fieldOf(kind)}(${site}by: ${key}) { id }`;
  });
  const { data, errors = [] } = await ask(`{ ${named.join(' ')} }`);
  const codes = new Map<string, string>(errors.map((error: Json) => [error.path[0], error.extensions.code]));
  return things.map((_, index) => codes.get(`k${index}`) ?? data[`k${index}`]?.id ?? null);
}

/** For each prefix the closest network around it, and for each circuit and device the interface of one on the other. */
export async function askAround(
  ask: Ask,
  networks: readonly Thing[],
  pairs: readonly (readonly [circuit: Thing, device: Thing])[],
): Promise<{ closest: (string | null)[]; ends: (string | null)[] }> {
  const { data, errors } = await ask(`{ __typename
    ${networks.map(({ siteId, key }, at) => `n${at}: closestParent(site: { id: "${siteId}" }, cidr: "${key}") { id }`).join(' ')}
    ${pairs
      .map(
        ([circuit, device], at) =>
          `p${at}: circuit(by: { id: "${circuit.id}" }) { end: interfaceFor(device: { id: "${device.id}" }) { id } }`,
      )
      .join(' ')}
  }`);
  if (errors) throw new Error(JSON.stringify(errors).slice(0, 1000));
  return {
    closest: networks.map((_, at) => data[`n${at}`]?.id ?? null),
    ends: pairs.map((_, at) => data[`p${at}`]?.end?.id ?? null),
  };
}

/** A mutation that names a thing by its row id, as an input; null where a kind has none of this form. */
const attempts: Readonly<Record<KindName, readonly ((id: string) => [mutation: string, input: object])[]>> = {
  site: [
    (id) => ['siteUpdate', { by: { id }, description: 'x' }],
    (id) => ['siteDelete', { by: { id } }],
    (id) => ['deviceCreate', { site: { id }, hostname: 'intruder' }],
    (id) => ['networkCreate', { site: { id }, cidr: '192.0.2.0/24' }],
    (id) => ['attributeCreate', { site: { id }, resource: 'DEVICE', name: 'intruder' }],
    (id) => ['protocolTypeCreate', { site: { id }, name: 'intruder' }],
    (id) => ['networkTreeVerify', { site: { id } }],
  ],
  attribute: [
    (id) => ['attributeUpdate', { by: { id }, description: 'x' }],
    (id) => ['attributeDelete', { by: { id } }],
  ],
  device: [
    (id) => ['deviceUpdate', { by: { id }, hostname: 'intruder' }],
    (id) => ['deviceReplace', { by: { id }, hostname: 'intruder' }],
    (id) => ['deviceDelete', { by: { id }, force: true }],
    (id) => ['networkInterfaceCreate', { device: { id }, name: 'intruder' }],
    (id) => ['attributeValueSetMany', { resource: 'DEVICE', select: { ids: [id] }, set: { role: 'x' } }],
  ],
  network: [
    (id) => ['networkUpdate', { by: { id }, state: 'RESERVED' }],
    (id) => ['networkDelete', { by: { id }, force: true }],
    (id) => ['networkAllocate', { by: { id }, prefixLength: 128 }],
    (id) => ['addressAllocate', { by: { id } }],
  ],
  interface: [
    (id) => ['networkInterfaceUpdate', { by: { id }, description: 'x' }],
    (id) => ['networkInterfaceDelete', { by: { id } }],
    (id) => ['circuitCreate', { endpointA: { id }, name: 'intruder' }],
    (id) => ['addressAssign', { interface: { id }, address: '10.1.1.9/32' }],
    (id) => ['addressUnassign', { interface: { id }, address: '10.1.1.1/32' }],
  ],
  circuit: [(id) => ['circuitUpdate', { by: { id }, name: 'intruder' }], (id) => ['circuitDelete', { by: { id } }]],
  protocolType: [
    (id) => ['protocolTypeUpdate', { by: { id }, name: 'intruder' }],
    (id) => ['protocolTypeDelete', { by: { id } }],
  ],
  protocol: [
    (id) => ['protocolUpdate', { by: { id }, description: 'x' }],
    (id) => ['protocolDelete', { by: { id } }],
    (id) => ['protocolRevealAuthString', { by: { id } }],
  ],
};

/** What each attempt on a thing answers, with the id left out of it. */
export async function attempt(ask: Ask, kind: KindName, id: string): Promise<Json[]> {
  const answers: Json[] = [];
  for (const make of attempts[kind]) {
    const [mutation, input] = make(id);
    const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!`;
    const answer = await ask(
      `mutation ($input: ${type}) { result: ${mutation}(input: $input) {
        __typename ... on Error { code message path } ... on InputError { fields { path message } } } }`,
      { input },
    );
    answers.push({ mutation, ...JSON.parse(JSON.stringify(answer).replaceAll(id, 'ID')) });
  }
  return answers;
}
