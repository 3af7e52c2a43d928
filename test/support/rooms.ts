/** A gateway with the shared rooms, and people who ask it over HTTP. */
import type { Gateway } from '#gateway';
import type { GatehousePlugin } from '#plugins/define.ts';
import { messages } from '#plugins/messages.ts';
import { settings } from '#plugins/settings.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { store } from '#plugins/store.ts';
import { type Identity, openIdentity, type Person } from './identity.ts';

export interface RoomAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: the answer to any document
  readonly data: any;
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
}

export interface Roomer extends Person {
  ask(document: string, variables?: Record<string, unknown>): Promise<RoomAnswer>;
  /** Runs a mutation of one input and gives what it answered, with the usual fields of errors. */
  // biome-ignore lint/suspicious/noExplicitAny: the answer to any mutation
  change(name: string, input: Record<string, unknown>, fields: string): Promise<any>;
}

export interface Rooms extends Identity {
  roomer(...permissions: string[]): Promise<Roomer>;
}

export async function openRooms(
  config: Readonly<Record<string, unknown>> = {},
  more: readonly GatehousePlugin[] = [],
): Promise<Rooms> {
  const plugins = [storageMemory, messages, settings, store, ...more];
  const identity = await openIdentity(config, plugins, ({ name }) => name !== 'test-areas');
  return {
    ...identity,
    async roomer(...permissions) {
      const person = await identity.person(permissions);
      return { ...person, ...askerOf(identity.gateway, person.key) };
    },
  };
}

export function askerOf(gateway: Gateway, key: string | null): Pick<Roomer, 'ask' | 'change'> {
  const ask: Roomer['ask'] = async (query, variables = {}) => {
    const answer = await gateway.fetch(
      new Request('http://here/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key !== null && { authorization: `Bearer ${key}` }) },
        body: JSON.stringify({ query, variables }),
      }),
    );
    return (await answer.json()) as RoomAnswer;
  };
  return {
    ask,
    async change(name, input, fields) {
      const noun = (name[0] ?? '').toUpperCase() + name.slice(1);
      const { data, errors } = await ask(
        `mutation ($input: ${noun}Input!) { result: ${name}(input: $input) {
          __typename ... on ${noun}Success { ${fields} } ... on Error { code message path }
        } }`,
        { input },
      );
      if (errors) throw new Error(JSON.stringify(errors));
      return data.result;
    },
  };
}
