import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attribute, child, childrenOf } from '#plugins/taxii/taxii1/xml/element.ts';
import { block, custom, furnish, message, openTaxii1, type Sending, statusOf, stix, type Taxii1 } from './gateway.ts';

let taxii1: Taxii1;
beforeAll(async () => {
  taxii1 = await openTaxii1();
  await furnish(taxii1);
});
afterAll(() => taxii1.identity.gateway.dispose());

const to = (...names: string[]) =>
  names.map((name) => `<Destination_Collection_Name>${name}</Destination_Collection_Name>`).join('');
const push = async (service: string, inner: string, sending: Sending = {}) => {
  const { version = '1.1' } = sending;
  return statusOf(await taxii1.send(`/services/${service}`, message('Inbox_Message', '', inner, version), sending));
};
const success = ['SUCCESS', null];

/** How many blocks more a data collection holds after the work. */
async function added(name: string, work: () => Promise<unknown>): Promise<number> {
  const before = await taxii1.volume(name);
  await work();
  return (await taxii1.volume(name)) - before;
}

describe.each([
  ['1.0', false],
  ['1.0', true],
  ['1.1', false],
  ['1.1', true],
] as const)('an inbox in %s, over TLS: %s', (version, secure) => {
  const sending = { version, secure };

  test('takes blocks of any binding where all are taken', async () => {
    const two = block('any:thing', '<a/>', version) + block('other:thing', 'b', version);
    expect(
      await added('collection_open', async () => {
        const answer = await taxii1.send('/services/inbox-A', message('Inbox_Message', '', two, version), sending);
        expect(statusOf(answer)).toEqual(success);
        expect(answer.message && attribute(answer.message, 'in_response_to')).toBe('123');
      }),
    ).toBe(2);
    expect(await added('collection_open', () => push('inbox-A', '', sending))).toBe(0);
    const ten = Array.from({ length: 10 }, () => block('any', 'x', version)).join('');
    expect(await added('collection_open', () => push('inbox-A', ten, sending))).toBe(10);
  });
});

describe('an inbox', () => {
  test('that wants destinations tells which there are', async () => {
    const answer = await push('inbox-B', block(stix, 'a'));
    expect(answer).toEqual([
      'DESTINATION_COLLECTION_ERROR',
      'A destination collection is required by this inbox',
      'ACCEPTABLE_DESTINATION=collection_only_stix',
      'ACCEPTABLE_DESTINATION=collection_open',
      'ACCEPTABLE_DESTINATION=collection_stix_and_custom',
    ]);
    expect((await push('inbox-A', to('collection_open')))[0]).toBe('DESTINATION_COLLECTION_ERROR');
  });

  test('skips blocks that nobody supports, and succeeds', async () => {
    expect(
      await added('collection_open', async () => {
        expect(await push('inbox-B', to('collection_open') + block('invalid:content:binding', 'a'))).toEqual(success);
      }),
    ).toBe(0);
    expect(
      await added('collection_only_stix', async () => {
        const blocks = block(stix, 'a') + block('invalid', 'b') + block(custom, 'c');
        expect(await push('inbox-B', to('collection_only_stix') + blocks)).toEqual(success);
      }),
    ).toBe(1);
  });

  test('keeps nothing of what it refuses', async () => {
    expect(
      await added('collection_only_stix', async () => {
        expect(await push('inbox-B', to('collection_only_stix', 'nowhere') + block(stix, 'a'))).toEqual([
          'NOT_FOUND',
          'Collection nowhere was not found',
          'ITEM=nowhere',
        ]);
        expect(await push('inbox-B', to('collection_only_stix', 'collection_disabled') + block(stix, 'a'))).toEqual([
          'FAILURE',
          'The collection is not available',
        ]);
        const key = await taxii1.key('threat:read', 'threat:write@dataCollection/collection_open');
        expect(
          await push('inbox-B', to('collection_open', 'collection_only_stix') + block(stix, 'a'), { key }),
        ).toEqual(['UNAUTHORIZED', 'User can not write to collection collection_only_stix']);
      }),
    ).toBe(0);
  });

  test('names an unknown destination in the headers of the message too', async () => {
    const answer = await taxii1.send(
      '/services/inbox-B',
      message('Inbox_Message', '', to('nowhere') + block(stix, 'a')),
    );
    const headers = answer.message && child(answer.message, 'Extended_Headers');
    expect(headers && childrenOf(headers, 'Extended_Header').map((one) => attribute(one, 'name'))).toEqual(['ITEM']);
    expect(answer.text).toContain('<taxii_11:Extended_Header name="ITEM">nowhere</taxii_11:Extended_Header>');
  });

  test('of 1.0 refuses nothing for who may not write', async () => {
    const key = await taxii1.key('threat:read');
    expect(
      await added('collection_open', async () => {
        expect(await push('inbox-A', block('x', 'a', '1.0'), { version: '1.0', key })).toEqual(success);
      }),
    ).toBe(0);
    expect((await push('inbox-A', block('x', 'a'), { key }))[0]).toBe('UNAUTHORIZED');
  });

  test('refuses a binding that is none', async () => {
    expect((await push('inbox-A', block('a b', 'x')))[0]).toBe('BAD_MESSAGE');
    expect(await push('inbox-A', block('', 'x'))).toEqual(success);
  });

  test('keeps bindings as long as they may be, whatever they are made of', async () => {
    const long = (bytes: number) =>
      Array.from({ length: bytes / 3 }, (_, at) => String.fromCodePoint(0x4e00 + ((at * 7919) % 20_000))).join('');
    const binding = `u${long(999)}>${long(999)}`;
    expect(await added('collection_open', () => push('inbox-A', block(binding, 'a')))).toBe(1);
    expect(await push('inbox-A', block(`uu${long(999)}`, 'a'))).toEqual([
      'BAD_MESSAGE',
      'A binding may not be longer than 1,000 bytes.',
    ]);
  });

  test('keeps the message as it came, and what it says of itself', async () => {
    const inner =
      '<Source_Subscription collection_name="theirs"><Subscription_ID>s</Subscription_ID>' +
      '<Exclusive_Begin_Timestamp>2024-01-01T01:00:00+01:00</Exclusive_Begin_Timestamp>' +
      '<Inclusive_End_Timestamp>2024-01-02T00:00:00.5Z</Inclusive_End_Timestamp></Source_Subscription>' +
      `<Record_Count partial_count="1">99999999999999999999</Record_Count>${block(custom, 'é<b/>')}`;
    const body = Buffer.from(`\ufeff${message('Inbox_Message', 'result_id="r"', inner)}`, 'utf16le');
    expect(statusOf(await taxii1.send('/services/inbox-A', body))).toEqual(success);
    const old = message(
      'Inbox_Message',
      '',
      '<Source_Subscription feed_name="f" subscription_id="t">' +
        '<Inclusive_Begin_Timestamp>2024-01-01T00:00:00Z</Inclusive_Begin_Timestamp>' +
        '<Inclusive_End_Timestamp>2024-01-02T00:00:00Z</Inclusive_End_Timestamp></Source_Subscription>',
      '1.0',
    );
    expect(statusOf(await taxii1.send('/services/inbox-A', old, { version: '1.0' }))).toEqual(success);
    const { data } = await taxii1.ask(
      `{ inboxMessages(service: { serviceId: "inbox-A" }, last: 2) { nodes {
        messageId resultId recordCount partialCount contentBlockCount storedBlockCount rawBase64
        source { collectionName subscriptionId begin beginInclusive end }
        contentBlocks { nodes { content contentIsXml contentBinding { binding subtypes } } }
      } } }`,
      {},
      await taxii1.key('*'),
    );
    expect(data.inboxMessages.nodes).toEqual([
      {
        messageId: '123',
        resultId: 'r',
        recordCount: expect.anything(),
        partialCount: true,
        contentBlockCount: 1,
        storedBlockCount: 1,
        rawBase64: body.toString('base64'),
        source: {
          collectionName: 'theirs',
          subscriptionId: 's',
          begin: '2024-01-01T00:00:00.000000Z',
          beginInclusive: false,
          end: '2024-01-02T00:00:00.500000Z',
        },
        contentBlocks: {
          nodes: [
            {
              content: 'é<b xmlns="http://taxii.mitre.org/messages/taxii_xml_binding-1.1"/>',
              contentIsXml: true,
              contentBinding: { binding: custom, subtypes: [] },
            },
          ],
        },
      },
      expect.objectContaining({
        recordCount: null,
        rawBase64: Buffer.from(old).toString('base64'),
        source: {
          collectionName: 'f',
          subscriptionId: 't',
          begin: '2024-01-01T00:00:00.000000Z',
          beginInclusive: true,
          end: '2024-01-02T00:00:00.000000Z',
        },
      }),
    ]);
  });

  test('keeps no bytes where the config says so', async () => {
    const light = await openTaxii1({ threat: { saveRawInboxMessages: false } }, 'memory');
    await furnish(light);
    await light.send('/services/inbox-A', message('Inbox_Message', '', block('x', 'a')));
    const document = '{ inboxMessages { nodes { rawBase64 storedBlockCount } } }';
    const { data } = await light.ask(document, {}, await light.key('threat:admin'));
    expect(data.inboxMessages.nodes).toEqual([{ rawBase64: null, storedBlockCount: 1 }]);
    await light.identity.gateway.dispose();
  });
});

describe('closed services', () => {
  let keys: { johnny: string; billy: string; wally: string };
  beforeAll(async () => {
    const closed = { authenticationRequired: true };
    await taxii1.service({
      serviceId: 'inbox',
      address: '/services/inbox',
      kind: { inbox: { acceptAllContent: true, destinationCollectionRequired: true } },
      ...closed,
    });
    await taxii1.service({
      serviceId: 'inbox-10',
      address: '/services/inbox-10',
      kind: { inbox: { acceptAllContent: true } },
      ...closed,
    });
    await taxii1.service({ serviceId: 'poll', address: '/services/poll', kind: { poll: {} }, ...closed });
    for (const name of ['collection-1', 'collection-2'])
      await taxii1.collection({
        name,
        acceptAllContent: true,
        services: [{ serviceId: 'inbox' }, { serviceId: 'inbox-10' }, { serviceId: 'poll' }],
      });
    const on = (verb: string, name: string) => `threat:${verb}@dataCollection/${name}`;
    keys = {
      johnny: await taxii1.key(on('read', 'collection-1'), on('read', 'collection-2'), on('write', 'collection-2')),
      billy: await taxii1.key(on('read', 'collection-1'), on('write', 'collection-1')),
      wally: await taxii1.key('*'),
    };
  });
  const pollOf = async (key: string, name: string) => {
    const request = message('Poll_Request', `collection_name="${name}"`, '<Poll_Parameters/>');
    return statusOf(await taxii1.send('/services/poll', request, { key }));
  };

  test('are polled by those who may read', async () => {
    expect(await pollOf(keys.johnny, 'collection-1')).toEqual(['Poll_Response']);
    expect(await pollOf(keys.billy, 'collection-2')).toEqual([
      'NOT_FOUND',
      'Requested collection was not found',
      'ITEM=collection-2',
    ]);
    expect(await pollOf(keys.wally, 'collection-2')).toEqual(['Poll_Response']);
  });

  test('are filled by those who may write', async () => {
    const { johnny } = keys;
    expect(await push('inbox', to('collection-1') + block('x', 'a'), { key: johnny })).toEqual([
      'UNAUTHORIZED',
      'User can not write to collection collection-1',
    ]);
    expect(await push('inbox', to('collection-2') + block('x', 'a'), { key: johnny })).toEqual(success);
    expect(await push('inbox-10', block('x', 'a', '1.0'), { key: johnny, version: '1.0' })).toEqual(success);
    expect(await taxii1.volume('collection-1')).toBe(0);
    expect(await taxii1.volume('collection-2')).toBe(2);
  });

  test('answer nobody without a good credential', async () => {
    for (const authorization of [null, 'Basic somevalue', 'Foo x'])
      expect((await push('inbox', to('collection-1'), { headers: { authorization } }))[0]).toBe('UNAUTHORIZED');
  });
});
