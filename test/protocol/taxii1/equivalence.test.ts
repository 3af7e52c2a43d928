/** The graph and the door of TAXII 1.1 are asked the same by the same accounts, and must answer the same. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attribute, child, childrenOf, childText } from '#plugins/taxii/taxii1/xml/element.ts';
import { block, custom, furnish, message, openTaxii1, type Received, statusOf, stix, type Taxii1 } from './gateway.ts';

const names = ['collection_open', 'collection_only_stix', 'collection_stix_and_custom', 'collection_disabled'];
/** Also one that there is not. */
const asked = [...names, 'nowhere'];

/** The status of TAXII 1 that stands for each type of error. */
const statuses: Readonly<Record<string, string>> = {
  AuthenticationError: 'UNAUTHORIZED',
  ForbiddenError: 'UNAUTHORIZED',
  NotFoundError: 'NOT_FOUND',
  UnavailableError: 'FAILURE',
  DeniedError: 'DENIED',
  UnsupportedContentError: 'UNSUPPORTED_CONTENT',
  DestinationCollectionError: 'DESTINATION_COLLECTION_ERROR',
};

let taxii1: Taxii1;
/** An API key, or nobody's. */
let askers: (string | undefined)[];
beforeAll(async () => {
  taxii1 = await openTaxii1({}, 'memory');
  await furnish(taxii1);
  const on = (verb: string, name: string) => `threat:${verb}@dataCollection/${name}`;
  await taxii1.open(on('read', 'collection_open'), on('write', 'collection_only_stix'));
  askers = [
    undefined,
    await taxii1.key(),
    await taxii1.key('threat:read'),
    await taxii1.key('threat:write'),
    await taxii1.key('threat:read', on('write', 'collection_open')),
    await taxii1.key(...names.flatMap((name) => [on('read', name), on('write', name)])),
    await taxii1.key('*'),
  ];
  for (const [at, name] of names.slice(0, 3).entries()) {
    const blocks = Array.from({ length: 45 }, (_, index) =>
      block(
        index % 3 === 0 && at !== 1 ? custom : `${stix}${index % 2 === 0 ? '>sub' : ''}`,
        index % 4 === 0 ? `<a n="${index}"/>` : `t${index}`,
        '1.1',
        `<Timestamp_Label>2025-01-01T00:00:${String(index % 40).padStart(2, '0')}.000001Z</Timestamp_Label>`,
      ),
    );
    const destination = `<Destination_Collection_Name>${name}</Destination_Collection_Name>`;
    const key = askers.at(-1) ?? '';
    const sent = await taxii1.send('/services/inbox-B', message('Inbox_Message', '', destination + blocks.join('')), {
      key,
    });
    expect(statusOf(sent)).toEqual(['SUCCESS', null]);
  }
});
afterAll(() => taxii1.identity.gateway.dispose());

const asker = () => fc.integer({ min: 0, max: 6 }).map((at) => askers[at]);
const withKey = (key: string | undefined) => (key === undefined ? {} : { key });
const blocksOf = ({ message: answer }: Received) =>
  (answer ? childrenOf(answer, 'Content_Block') : []).map((one) => {
    const content = child(one, 'Content')?.content;
    return [
      childText(one, 'Timestamp_Label'),
      content?.isXml,
      content?.isXml ? content.text.match(/n="\d+"/)?.[0] : content?.text,
    ];
  });
interface GraphBlock {
  readonly timestampLabel: string;
  readonly content: string;
  readonly contentIsXml: boolean;
}
const graphBlocks = (blocks: readonly GraphBlock[]) =>
  blocks.map(({ timestampLabel, content, contentIsXml }) => [
    timestampLabel,
    contentIsXml,
    contentIsXml ? content.match(/n="\d+"/)?.[0] : content,
  ]);

const label = fc.option(
  fc
    .integer({ min: 0, max: 45 })
    .map((at) => new Date(Date.UTC(2025, 0, 1, 0, 0, at)).toISOString().replace('Z', '001Z')),
  { nil: null },
);
const bindings = fc.array(
  fc.constantFrom(
    { binding: stix, subtypes: [] as string[] },
    { binding: stix, subtypes: ['sub'] },
    { binding: stix, subtypes: ['none', 'sub'] },
    { binding: custom, subtypes: [] },
    { binding: 'urn:unknown', subtypes: [] },
  ),
  { maxLength: 2 },
);

const partFields = `part { dataCollection { name } resultId part more begin end recordCount { count partial }
  contentBlocks { timestampLabel content contentIsXml } }`;
const pollDocument = `mutation ($input: DataCollectionPollInput!) { result: dataCollectionPoll(input: $input) {
  __typename ... on DataCollectionPollSuccess { ${partFields} } } }`;
const fulfillDocument = `query ($id: String!, $name: String!, $part: Int!) {
  pollFulfillment(resultId: $id, dataCollection: { name: $name }, part: $part) { more part contentBlocks {
    timestampLabel content contentIsXml } } }`;

test('polls give the same blocks, parts, windows and refusals', async () => {
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      asker(),
      fc.constantFrom(...asked),
      label,
      label,
      bindings,
      fc.boolean(),
      async (key, name, begin, end, wanted, countOnly) => {
        const inner =
          (begin === null ? '' : `<Exclusive_Begin_Timestamp>${begin}</Exclusive_Begin_Timestamp>`) +
          (end === null ? '' : `<Inclusive_End_Timestamp>${end}</Inclusive_End_Timestamp>`) +
          `<Poll_Parameters><Response_Type>${countOnly ? 'COUNT_ONLY' : 'FULL'}</Response_Type>${wanted
            .map(
              ({ binding, subtypes }) =>
                `<Content_Binding binding_id="${binding}">${subtypes.map((one) => `<Subtype subtype_id="${one}"/>`).join('')}</Content_Binding>`,
            )
            .join('')}</Poll_Parameters>`;
        const request = message('Poll_Request', `collection_name="${name}"`, inner);
        const wire = await taxii1.send('/services/poll-A', request, withKey(key));
        const { data } = await taxii1.ask(
          pollDocument,
          {
            input: {
              service: { serviceId: 'poll-A' },
              dataCollection: { name },
              beginExclusive: begin,
              endInclusive: end,
              responseType: countOnly ? 'COUNT_ONLY' : 'FULL',
              contentBindings: wanted,
            },
          },
          key,
        );
        const { __typename: type, part } = data.result;
        outcomes.add(type);
        if (type !== 'DataCollectionPollSuccess') {
          const expected = type === 'InputError' ? 'FAILURE' : statuses[type];
          expect(statusOf(wire)[0]).toBe(expected);
          return;
        }
        const answer = wire.message;
        const count = answer && child(answer, 'Record_Count');
        expect({
          name: answer && attribute(answer, 'collection_name'),
          more: answer && attribute(answer, 'more') === 'true',
          hasResult: answer && attribute(answer, 'result_id') !== null,
          begin: answer && childText(answer, 'Exclusive_Begin_Timestamp'),
          end: answer && childText(answer, 'Inclusive_End_Timestamp'),
          count: count && [Number(count.text), attribute(count, 'partial_count') === 'true'],
          blocks: blocksOf(wire),
        }).toEqual({
          name,
          more: part.more,
          hasResult: part.resultId !== null,
          begin: part.begin,
          end: part.end,
          count: part.recordCount && [part.recordCount.count, part.recordCount.partial],
          blocks: graphBlocks(part.contentBlocks),
        });
        if (part.resultId === null) return;
        const id = (answer && attribute(answer, 'result_id')) ?? '';
        for (const number of [2, 3, 4]) {
          const attributes = `collection_name="${name}" result_id="${id}" result_part_number="${number}"`;
          const later = await taxii1.send('/services/poll-A', message('Poll_Fulfillment', attributes), withKey(key));
          const graph = (await taxii1.ask(fulfillDocument, { id: part.resultId, name, part: number }, key)).data
            .pollFulfillment;
          expect([later.message && attribute(later.message, 'more') === 'true', blocksOf(later)]).toEqual([
            graph.more,
            graphBlocks(graph.contentBlocks),
          ]);
        }
      },
    ),
    { numRuns: 150 },
  );
  expect([...outcomes].sort()).toEqual([
    'DataCollectionPollSuccess',
    'InputError',
    'NotFoundError',
    'UnavailableError',
    'UnsupportedContentError',
  ]);
});

test('pushes are taken, skipped and refused alike', async () => {
  const submitDocument = `mutation ($input: InboxMessageSubmitInput!) { result: inboxMessageSubmit(input: $input) {
    __typename ... on InboxMessageSubmitSuccess { contentBlocks { id } skipped { position } }
    ... on DestinationCollectionError { acceptableDestinations } } }`;
  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      asker(),
      fc.constantFrom('inbox-A', 'inbox-B'),
      fc.subarray(asked, { maxLength: 2 }),
      fc.array(fc.constantFrom(stix, custom, `${stix}>sub`, 'urn:unknown'), { maxLength: 3 }),
      async (key, serviceId, destinations, contents) => {
        const volumes = () => Promise.all(names.map((name) => taxii1.volume(name)));
        const grown = async <T>(work: () => Promise<T>): Promise<[T, number[]]> => {
          const before = await volumes();
          const value = await work();
          return [value, (await volumes()).map((volume, at) => volume - (before[at] ?? 0))];
        };
        const inner =
          destinations.map((name) => `<Destination_Collection_Name>${name}</Destination_Collection_Name>`).join('') +
          contents.map((binding) => block(binding, 'x')).join('');
        const [wire, byWire] = await grown(() =>
          taxii1.send(`/services/${serviceId}`, message('Inbox_Message', '', inner), withKey(key)),
        );
        const input = {
          service: { serviceId },
          destinationCollections: destinations,
          contentBlocks: contents.map((binding) => ({ content: 'x', contentBinding: { binding } })),
        };
        const [{ data }, byGraph] = await grown(() => taxii1.ask(submitDocument, { input }, key));
        const { __typename: type, acceptableDestinations = [] } = data.result;
        outcomes.add(type);
        expect(byWire).toEqual(byGraph);
        const [status, , ...details] = statusOf(wire);
        expect(status).toBe(type === 'InboxMessageSubmitSuccess' ? 'SUCCESS' : statuses[type]);
        if (type === 'DestinationCollectionError')
          expect(details).toEqual(acceptableDestinations.map((name: string) => `ACCEPTABLE_DESTINATION=${name}`));
      },
    ),
    { numRuns: 150 },
  );
  expect(outcomes.size).toBeGreaterThan(4);
});

test('data collections are told to the same, with the same of each', async () => {
  const document = `{ dataCollections(service: { serviceId: "collection-management-A" }) { nodes {
    name type available volume description acceptAllContent supportedContent { binding } } } }`;
  for (const key of askers) {
    const request = message('Collection_Information_Request', '');
    const wire = await taxii1.send('/services/collection-management-A', request, withKey(key));
    const { data } = await taxii1.ask(document, {}, key);
    const records = wire.message ? childrenOf(wire.message, 'Collection') : [];
    expect(
      records.map((record) => ({
        name: attribute(record, 'collection_name'),
        type: attribute(record, 'collection_type'),
        available: attribute(record, 'available') === 'true',
        volume: Number(childText(record, 'Collection_Volume')),
        description: childText(record, 'Description') || null,
        supportedContent: childrenOf(record, 'Content_Binding').map((one) => ({
          binding: attribute(one, 'binding_id'),
        })),
      })),
    ).toEqual(
      data.dataCollections.nodes.map(({ acceptAllContent: _, ...rest }: { acceptAllContent: boolean }) => rest),
    );
  }
});

test('subscriptions that one door makes are those of the other', async () => {
  const manage = (key: string | undefined, name: string, action: string, id = '') =>
    taxii1.send(
      '/services/collection-management-A',
      message(
        'Subscription_Management_Request',
        `collection_name="${name}" action="${action}"`,
        id === '' ? '' : `<Subscription_ID>${id}</Subscription_ID>`,
      ),
      withKey(key),
    );
  const subscribeDocument = `mutation ($name: String!) { result: dataCollectionSubscribe(input: {
    service: { serviceId: "collection-management-A" }, dataCollection: { name: $name } }) {
    __typename ... on DataCollectionSubscribeSuccess { collectionSubscription { subscriptionId } } } }`;
  const listDocument = `query ($name: String!) { collectionSubscriptions(dataCollection: { name: $name },
    service: { serviceId: "collection-management-A" }) { nodes { subscriptionId status } } }`;
  for (const key of askers)
    for (const name of asked) {
      const wire = await manage(key, name, 'SUBSCRIBE');
      const { data } = await taxii1.ask(subscribeDocument, { name }, key);
      const { __typename: type, collectionSubscription } = data.result;
      if (type !== 'DataCollectionSubscribeSuccess') {
        expect(statusOf(wire)[0]).toBe(statuses[type]);
        continue;
      }
      await manage(key, name, 'PAUSE', collectionSubscription.subscriptionId);
      const told = await manage(key, name, 'STATUS');
      const listed = (await taxii1.ask(listDocument, { name }, key)).data.collectionSubscriptions.nodes;
      const records = told.message ? childrenOf(told.message, 'Subscription') : [];
      expect(
        records.map((record) => ({
          subscriptionId: childText(record, 'Subscription_ID'),
          status: attribute(record, 'status'),
        })),
      ).toEqual(listed);
      if (key !== undefined) expect(listed.map(({ status }: { status: string }) => status)).toContain('PAUSED');
    }
});
