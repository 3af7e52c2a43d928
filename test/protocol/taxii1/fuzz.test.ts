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

const services = ['discovery-A', 'collection-management-A', 'inbox-A', 'inbox-B', 'poll-A'];
const seeds = [
  message('Discovery_Request', ''),
  message('Collection_Information_Request', ''),
  message('Feed_Information_Request', '', '', '1.0'),
  message('Subscription_Management_Request', 'collection_name="collection_open" action="SUBSCRIBE"'),
  message('Subscription_Management_Request', 'feed_name="collection_open" action="STATUS"', '', '1.0'),
  message('Poll_Request', 'collection_name="collection_open"', '<Poll_Parameters allow_asynch="true"/>'),
  message('Poll_Request', 'feed_name="collection_only_stix"', '', '1.0'),
  message('Poll_Fulfillment', 'collection_name="collection_open" result_id="x" result_part_number="2"'),
  message(
    'Inbox_Message',
    'result_id="r"',
    `<Destination_Collection_Name>collection_open</Destination_Collection_Name><Record_Count>1</Record_Count>${block(
      `${stix}>s`,
      '<a xmlns:b="urn:b" b:c="d">e<!--f--><?g h?></a>',
      '1.1',
      '<Timestamp_Label>2024-01-01T00:00:00.5+01:00</Timestamp_Label><Message>m</Message>',
    )}`,
  ),
  message('Inbox_Message', '', block('urn:x', 'text', '1.0'), '1.0'),
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
  put: fc.oneof(fc.constantFrom(...pieces), fc.constantFrom(...seeds), fc.string({ maxLength: 20 })),
});
const mutated = fc.tuple(fc.constantFrom(...seeds), fc.array(mutation, { maxLength: 3 })).map(([seed, mutations]) =>
  mutations.reduce((text, { at, cut, put }) => {
    const place = Math.floor(at * text.length);
    return text.slice(0, place) + put + text.slice(place + cut);
  }, seed),
);

test('messages that were changed anywhere are answered in the protocol', async () => {
  const answered = new Map<unknown, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...services),
      fc.constantFrom('1.0' as const, '1.1' as const),
      fc.oneof(mutated, mutated, fc.uint8Array({ maxLength: 200 })),
      fc.boolean(),
      async (service, version, body, known) => {
        const answer = await taxii1.send(`/services/${service}`, body, { version, ...(known && { key }) });
        const [kind, text] = statusOf(answer);
        answered.set(kind, (answered.get(kind) ?? 0) + 1);
        expect([200, 413]).toContain(answer.status);
        expect(text ?? '').not.toContain('Server error');
        expect(kind).not.toBeNull();
      },
    ),
    { numRuns: 1500 },
  );
  for (const kind of ['SUCCESS', 'BAD_MESSAGE', 'FAILURE', 'NOT_FOUND', 'Poll_Response', 'Discovery_Response'])
    expect(answered.get(kind), `${kind} among ${JSON.stringify([...answered])}`).toBeGreaterThan(0);
});

test('headers that are anything are answered in the protocol', async () => {
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
        const answer = await taxii1.send('/services/discovery-A', seeds[0] ?? '', { headers });
        expect([200, 406]).toContain(answer.status);
        if (answer.status === 200) expect(statusOf(answer)[0]).toMatch(/^(FAILURE|BAD_MESSAGE|Discovery_Response)$/);
      },
    ),
    { numRuns: 300 },
  );
});
