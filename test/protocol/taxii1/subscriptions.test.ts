import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attribute, child, childrenOf, childText } from '#plugins/taxii/taxii1/xml/element.ts';
import { custom, furnish, message, openTaxii1, type Received, statusOf, stix, type Taxii1 } from './gateway.ts';

let taxii1: Taxii1;
let mine: string;
let others: string;
beforeAll(async () => {
  taxii1 = await openTaxii1();
  await furnish(taxii1);
  mine = await taxii1.key('threat:read');
  others = await taxii1.key('threat:read');
});
afterAll(() => taxii1.identity.gateway.dispose());

const named = 'collection_only_stix';
const manage = (
  action: string,
  { id, inner = '', name = named, key = mine }: Partial<Record<'id' | 'inner' | 'name' | 'key', string>> = {},
) =>
  taxii1.send(
    '/services/collection-management-A',
    message(
      'Subscription_Management_Request',
      `collection_name="${name}" action="${action}"`,
      `${id === undefined ? '' : `<Subscription_ID>${id}</Subscription_ID>`}${inner}`,
    ),
    { key },
  );
const manage10 = (action: string, id?: string) =>
  taxii1.send(
    '/services/collection-management-A',
    message(
      'Subscription_Management_Request',
      `feed_name="${named}" action="${action}"${id === undefined ? '' : ` subscription_id="${id}"`}`,
      '',
      '1.0',
    ),
    { key: mine, version: '1.0' },
  );
const recordsOf = ({ message: answer }: Received) => (answer ? childrenOf(answer, 'Subscription') : []);
const idsOf = (answer: Received) => recordsOf(answer).map((one) => childText(one, 'Subscription_ID'));
const statusesOf = (answer: Received) => recordsOf(answer).map((one) => attribute(one, 'status'));
const pollBy = (id: string, key = mine) =>
  taxii1.send(
    '/services/poll-A',
    message('Poll_Request', `collection_name="${named}"`, `<Subscription_ID>${id}</Subscription_ID>`),
    { key },
  );

describe('a subscription', () => {
  test('is made, told and polled by', async () => {
    const inner = `<Subscription_Parameters><Response_Type>COUNT_ONLY</Response_Type><Content_Binding binding_id="${stix}"/></Subscription_Parameters>`;
    const answer = await manage('SUBSCRIBE', { inner });
    expect(
      answer.message && [attribute(answer.message, 'collection_name'), childText(answer.message, 'Message')],
    ).toEqual([named, 'Welcome.']);
    const [record] = recordsOf(answer);
    const parameters = record && child(record, 'Subscription_Parameters');
    expect(record && attribute(record, 'status')).toBe('ACTIVE');
    expect(parameters && childText(parameters, 'Response_Type')).toBe('COUNT_ONLY');
    expect(parameters && childrenOf(parameters, 'Content_Binding').map((one) => attribute(one, 'binding_id'))).toEqual([
      stix,
    ]);
    expect(record && childrenOf(record, 'Poll_Instance').map((one) => childText(one, 'Address'))).toEqual([
      'http://gw.test/services/poll-A',
      'https://gw.test/services/poll-A',
    ]);
    const [id = ''] = idsOf(answer);
    const polled = await pollBy(id ?? '');
    expect(
      polled.message && [childText(polled.message, 'Subscription_ID'), childText(polled.message, 'Record_Count')],
    ).toEqual([id, '0']);
  });

  test('rests while it is paused, and is ended for good', async () => {
    const [id] = idsOf(await manage('SUBSCRIBE'));
    const change = async (action: string) => statusesOf(await manage(action, { id: id ?? '' }));
    expect(await change('PAUSE')).toEqual(['PAUSED']);
    expect(await change('PAUSE')).toEqual(['PAUSED']);
    expect(statusOf(await pollBy(id ?? ''))[0]).toBe('DENIED');
    expect(await change('RESUME')).toEqual(['ACTIVE']);
    expect(statusOf(await pollBy(id ?? ''))).toEqual(['Poll_Response']);
    expect(await change('UNSUBSCRIBE')).toEqual(['UNSUBSCRIBED']);
    expect(await change('RESUME')).toEqual(['UNSUBSCRIBED']);
    expect(await change('PAUSE')).toEqual(['UNSUBSCRIBED']);
    expect(await change('STATUS')).toEqual(['UNSUBSCRIBED']);
    expect(statusOf(await pollBy(id ?? ''))[0]).toBe('DENIED');
  });

  test('is nobody else’s', async () => {
    const [id] = idsOf(await manage('SUBSCRIBE'));
    const notFound = ['NOT_FOUND', 'Requested subscription was not found', `ITEM=${id}`];
    for (const action of ['PAUSE', 'RESUME', 'STATUS'])
      expect(statusOf(await manage(action, { id: id ?? '', key: others }))).toEqual(notFound);
    expect(statusOf(await pollBy(id ?? '', others))).toEqual(notFound);
    const gone = await manage('UNSUBSCRIBE', { id: id ?? '', key: others });
    expect([idsOf(gone), statusesOf(gone)]).toEqual([[id], ['UNSUBSCRIBED']]);
    expect(statusesOf(await manage('STATUS', { id: id ?? '' }))).toEqual(['ACTIVE']);
  });

  test('is told with all others of its owner', async () => {
    const key = await taxii1.key('threat:read');
    const made = [];
    for (let count = 0; count < 3; count += 1) made.push(...idsOf(await manage('SUBSCRIBE', { key })));
    await manage('SUBSCRIBE', { key, name: 'collection_stix_and_custom' });
    expect(idsOf(await manage('STATUS', { key }))).toEqual(made);
    expect(idsOf(await manage('STATUS', { key: await taxii1.key('threat:read') }))).toEqual([]);
  });

  test('that nobody knows is as good as ended', async () => {
    const answer = await manage('UNSUBSCRIBE', { id: 'never-was' });
    expect([idsOf(answer), statusesOf(answer)]).toEqual([['never-was'], ['UNSUBSCRIBED']]);
  });

  test.each([
    [manageIt('PAUSE'), ['BAD_MESSAGE', 'Action "PAUSE" requires a subscription id']],
    [manageIt('UNSUBSCRIBE'), ['BAD_MESSAGE', 'Action "UNSUBSCRIBE" requires a subscription id']],
    [manageIt('REJOICE'), ['BAD_MESSAGE', 'The specified action was invalid']],
    [manageIt('SUBSCRIBE', { name: 'none' }), ['NOT_FOUND', 'Requested collection was not found', 'ITEM=none']],
    [manageIt('SUBSCRIBE', { name: 'collection_disabled' }), ['FAILURE', 'The collection is not available']],
    [
      manageIt('SUBSCRIBE', {
        inner: `<Subscription_Parameters><Content_Binding binding_id="${custom}"/></Subscription_Parameters>`,
      }),
      [
        'UNSUPPORTED_CONTENT',
        'The data collection supports none of the requested content bindings',
        `SUPPORTED_CONTENT=${stix}`,
      ],
    ],
    [
      manageIt('SUBSCRIBE', { inner: '<Subscription_Parameters><Query format_id="q"/></Subscription_Parameters>' }),
      ['UNSUPPORTED_QUERY', 'Query expressions are not supported'],
    ],
  ])('is refused: %#', async (request, expected) => {
    expect(statusOf(await request())).toEqual(expected);
  });

  test('of 1.0 knows neither rest nor parameters', async () => {
    const answer = await manage10('SUBSCRIBE');
    const [record] = recordsOf(answer);
    const id = record && attribute(record, 'subscription_id');
    expect(record?.children.map(({ name }) => name)).toEqual(['Poll_Instance', 'Poll_Instance']);
    expect(recordsOf(await manage10('STATUS', id ?? '')).map((one) => attribute(one, 'subscription_id'))).toEqual([id]);
    for (const action of ['PAUSE', 'RESUME'])
      expect(statusOf(await manage10(action, id ?? ''))).toEqual(['BAD_MESSAGE', 'The specified action was invalid']);
    expect(recordsOf(await manage10('UNSUBSCRIBE', id ?? ''))).toHaveLength(1);
    expect(statusesOf(await manage('STATUS', { id: id ?? '' }))).toEqual(['UNSUBSCRIBED']);
  });

  test('is taken by no service that keeps none', async () => {
    await taxii1.service({
      serviceId: 'plain',
      address: '/services/plain',
      kind: { collectionManagement: { subscriptionSupported: false } },
    });
    const request = message('Subscription_Management_Request', `collection_name="${named}" action="STATUS"`);
    expect(statusOf(await taxii1.send('/services/plain', request, { key: mine }))).toEqual([
      'FAILURE',
      'Message not supported by this service',
    ]);
  });

  test('is needed where a poll service wants one', async () => {
    await taxii1.service({
      serviceId: 'strict',
      address: '/services/strict',
      kind: { poll: { subscriptionRequired: true } },
    });
    const request = message('Poll_Request', `collection_name="${named}"`, '<Poll_Parameters/>');
    expect(statusOf(await taxii1.send('/services/strict', request, { key: mine }))).toEqual([
      'DENIED',
      'Subscription id is required',
    ]);
  });
});

function manageIt(...parts: Parameters<typeof manage>): () => Promise<Received> {
  return () => manage(...parts);
}
