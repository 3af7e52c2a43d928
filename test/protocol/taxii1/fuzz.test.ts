/** Whatever is sent, the answer is one of the protocol and never a fault of the server. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { block, furnish, message, openTaxii1, statusOf, stix, type Taxii1 } from './gateway.ts';

let taxii1: Taxii1;
let key: string;
beforeAll(async () => {
  taxii1 = await openTaxii1();
  await furnish(taxii1);
  key = await taxii1.key('*');
});
afterAll(() => taxii1.identity.gateway.dispose());

interface Seed {
  readonly service: string;
  readonly version: '1.0' | '1.1';
  readonly text: string;
}

const management = 'collection-management-A';
const seeds: readonly Seed[] = [
  { service: 'discovery-A', version: '1.1', text: message('Discovery_Request', '') },
  { service: management, version: '1.1', text: message('Collection_Information_Request', '') },
  { service: management, version: '1.0', text: message('Feed_Information_Request', '', '', '1.0') },
  {
    service: management,
    version: '1.1',
    text: message('Subscription_Management_Request', 'collection_name="collection_open" action="SUBSCRIBE"'),
  },
  {
    service: management,
    version: '1.0',
    text: message('Subscription_Management_Request', 'feed_name="collection_open" action="STATUS"', '', '1.0'),
  },
  {
    service: 'poll-A',
    version: '1.1',
    text: message('Poll_Request', 'collection_name="collection_open"', '<Poll_Parameters allow_asynch="true"/>'),
  },
  { service: 'poll-A', version: '1.0', text: message('Poll_Request', 'feed_name="collection_only_stix"', '', '1.0') },
  {
    service: 'poll-A',
    version: '1.1',
    text: message('Poll_Fulfillment', 'collection_name="collection_open" result_id="x" result_part_number="2"'),
  },
  {
    service: 'inbox-B',
    version: '1.1',
    text: message(
      'Inbox_Message',
      'result_id="r"',
      `<Destination_Collection_Name>collection_open</Destination_Collection_Name><Record_Count>1</Record_Count>${block(
        `${stix}>s`,
        '<a xmlns:b="urn:b" b:c="d">e<!--f--><?g h?></a>',
        '1.1',
        '<Timestamp_Label>2024-01-01T00:00:00.5+01:00</Timestamp_Label><Message>m</Message>',
      )}`,
    ),
  },
  { service: 'inbox-A', version: '1.0', text: message('Inbox_Message', '', block('urn:x', 'text', '1.0'), '1.0') },
];
const pieces = [
  '<',
  '>',
  '/>',
  '&',
  '&amp;',
  '&#0;',
  '&#x10FFFF;',
  '"',
  "'",
  ']]>',
  '<!--',
  '-->',
  '<?',
  '<![CDATA[',
  '<!DOCTYPE a>',
  '\u0000',
  '\ufffe',
  '\ud800',
  '😀',
  ' xmlns=""',
  ' xmlns:xml="urn:x"',
  ' xmlns:xmlns="urn:x"',
  '<a>',
  '</a>',
  '-1',
  '9'.repeat(400),
  '0001-01-01T00:00:00+14:00',
  '9999-12-31T23:59:59.999999Z',
  'urn:x>y',
  'a b',
  '__proto__',
  '',
];

const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.integer({ min: 0, max: 30 }),
  put: fc.oneof(
    fc.constantFrom(...pieces),
    fc.constantFrom(...seeds.map(({ text }) => text)),
    fc.string({ maxLength: 20 }),
  ),
});
const mutated = (text: string, mutations: readonly { at: number; cut: number; put: string }[]) =>
  mutations.reduce((changed, { at, cut, put }) => {
    const place = Math.floor(at * changed.length);
    return changed.slice(0, place) + put + changed.slice(place + cut);
  }, text);

test('messages as they should be are understood', async () => {
  const kinds = [];
  for (const { service, version, text } of seeds)
    kinds.push(statusOf(await taxii1.send(`/services/${service}`, text, { version, key }))[0]);
  expect(kinds).toEqual([
    'Discovery_Response',
    'Collection_Information_Response',
    'Feed_Information_Response',
    'Subscription_Management_Response',
    'Subscription_Management_Response',
    'Poll_Response',
    'Poll_Response',
    'NOT_FOUND',
    'SUCCESS',
    'SUCCESS',
  ]);
});

test('messages that were changed anywhere are answered in the protocol', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...seeds),
      fc.constantFrom(...seeds),
      fc.integer({ min: 0, max: 9 }),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      fc.option(fc.uint8Array({ maxLength: 200 }), { freq: 10 }),
      fc.boolean(),
      async (seed, other, luck, mutations, bytes, known) => {
        const { service, version } = luck < 8 ? seed : other;
        const body = bytes ?? mutated(seed.text, mutations);
        const answer = await taxii1.send(`/services/${service}`, body, { version, ...(known && { key }) });
        const [kind, text] = statusOf(answer);
        expect([200, 413]).toContain(answer.status);
        expect(text ?? '').not.toContain('Server error');
        expect(kind).not.toBeNull();
      },
    ),
    { numRuns: 500 },
  );
});

test('headers that are anything are answered in the protocol', { timeout: 120_000 }, async () => {
  const value = fc.oneof(
    fc.constant(null),
    fc.constantFrom(
      'urn:taxii.mitre.org:message:xml:1.0',
      'urn:taxii.mitre.org:services:1.1',
      'application/xml',
      '*/*',
    ),
    fc.string({ maxLength: 40, unit: fc.constantFrom('a', ';', ',', '/', '*', '=', 'q', '0', '.', ' ', '"') }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        accept: value,
        'content-type': value,
        'x-taxii-content-type': value,
        'x-taxii-accept': value,
        'x-taxii-services': value,
        'x-taxii-protocol': value,
      }),
      async (headers) => {
        const answer = await taxii1.send('/services/discovery-A', seeds[0]?.text ?? '', { headers });
        expect([200, 406]).toContain(answer.status);
        if (answer.status === 200) expect(statusOf(answer)[0]).toMatch(/^(FAILURE|BAD_MESSAGE|Discovery_Response)$/);
      },
    ),
    { numRuns: 200 },
  );
});
