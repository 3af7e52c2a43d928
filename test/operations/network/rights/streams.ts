/** Every stream about things, for one account. */
import { socketClient, subscribeOver } from '../../../support/clients.ts';
import type { Json } from './answers.ts';
import { changeFields } from './graph.ts';
import { type Thing, typeOfKind } from './inventory.ts';

const event = 'subjectId subject { __typename id } data before after';

const documents: Readonly<Record<string, string>> = {
  changes: `subscription { item: changes(hello: true) { __typename ... on Change { ${changeFields} } } }`,
  events: `subscription { item: events(hello: true, filter: { names: ["network.*"] }) { __typename ... on Event { ${event} } } }`,
  ...Object.fromEntries(
    Object.values(typeOfKind).map((type) => {
      const name = `${type[0]?.toLowerCase()}${type.slice(1)}`;
      const own = `... on ${type}Updated { ${name} { id } }`;
      return [
        `${name}Changed`,
        `subscription { item: ${name}Changed(hello: true) { __typename ... on Event { ${event} } ${own} } }`,
      ];
    }),
  ),
};

/** Ends the streams when the last sentinel came, and answers of which things each told, in order. */
export type EndStreams = (sentinels: readonly Thing[]) => Promise<Record<string, string[]>>;

/**
 * Opens the streams and waits until they stand.
 * @param heard is given the text of every item.
 */
export async function listen(url: string, token: string, heard: (text: string) => void): Promise<EndStreams> {
  const client = socketClient(url, token);
  const streams = Object.entries(documents).map(([name, query]) => ({ name, received: subscribeOver(client, query) }));
  await Promise.all(
    streams.map(({ received }) => Promise.race([received.reach(1), received.ended.then((how) => Promise.reject(how))])),
  );
  const idOf = ({ data }: Json): string => data.item.targetId ?? data.item.subjectId;
  return async (sentinels) => {
    const told: Record<string, string[]> = {};
    for (const { name, received } of streams) {
      const type = name.replace(/Changed$/, '').toLowerCase();
      const awaited = sentinels.findLast(
        ({ kind }) => name === 'changes' || name === 'events' || typeOfKind[kind].toLowerCase() === type,
      )?.globalId;
      for (let count = 1; !received.items.slice(1).some((item) => idOf(item) === awaited); count += 1)
        await received.reach(count + 1);
      heard(JSON.stringify(received.items));
      told[name] = received.items.slice(1).map(idOf);
    }
    await client.dispose();
    return told;
  };
}
