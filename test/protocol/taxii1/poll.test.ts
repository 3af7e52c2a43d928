import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MemoryContentBlocks } from '#plugins/storage-memory/threat/content-blocks.ts';
import { attribute, child, childrenOf, childText } from '#plugins/taxii/taxii1/xml/element.ts';
import {
  block,
  contentsOf,
  custom,
  furnish,
  message,
  openTaxii1,
  type Received,
  type Sending,
  statusOf,
  stix,
  type Taxii1,
} from './gateway.ts';

let taxii1: Taxii1;
beforeAll(async () => {
  taxii1 = await openTaxii1();
  await furnish(taxii1);
});
afterAll(() => taxii1.identity.gateway.dispose());

const to = (name: string) => `<Destination_Collection_Name>${name}</Destination_Collection_Name>`;
const labelled = (text: string) => `<Timestamp_Label>${text}</Timestamp_Label>`;
const begin = (text: string) => `<Exclusive_Begin_Timestamp>${text}</Exclusive_Begin_Timestamp>`;
const end = (text: string) => `<Inclusive_End_Timestamp>${text}</Inclusive_End_Timestamp>`;

/** A new feed of its own that takes everything, with blocks at these labels. */
async function feed(labels: readonly string[], type: 'DATA_FEED' | 'DATA_SET' = 'DATA_FEED'): Promise<string> {
  const name = `feed-${labels.length}-${Math.random().toString(36).slice(2)}`;
  await taxii1.collection({
    name,
    type,
    acceptAllContent: true,
    services: [{ serviceId: 'inbox-B' }, { serviceId: 'poll-A' }],
  });
  const blocks = labels.map((label, at) => block(stix, `b${at}`, '1.1', labelled(label)));
  const key = await taxii1.key('threat:read', 'threat:write');
  if (labels.length > 0) {
    const answer = await taxii1.send('/services/inbox-B', message('Inbox_Message', '', to(name) + blocks.join('')), {
      key,
    });
    expect(statusOf(answer)).toEqual(['SUCCESS', null]);
  }
  return name;
}

const seconds = (count: number) =>
  Array.from({ length: count }, (_, at) => new Date(Date.UTC(2025, 0, 1, 0, 0, at)).toISOString());
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => `b${from + at}`);

let reader: string;
beforeAll(async () => {
  reader = await taxii1.key('threat:read');
});

const poll = (name: string, inner = '<Poll_Parameters/>', sending: Sending = {}) =>
  taxii1.send('/services/poll-A', message('Poll_Request', `collection_name="${name}"`, inner), {
    key: reader,
    ...sending,
  });
const poll10 = (name: string, inner = '') =>
  taxii1.send('/services/poll-A', message('Poll_Request', `feed_name="${name}"`, inner, '1.0'), {
    key: reader,
    version: '1.0',
  });
const fulfill = (name: string, resultId: string, part?: string) =>
  taxii1.send(
    '/services/poll-A',
    message(
      'Poll_Fulfillment',
      `collection_name="${name}" result_id="${resultId}"${part === undefined ? '' : ` result_part_number="${part}"`}`,
    ),
    { key: reader },
  );
const told = ({ message: answer }: Received, name: string) => answer && attribute(answer, name);
const toldIn = ({ message: answer }: Received, name: string) => answer && childText(answer, name);

describe('a poll of 1.1', () => {
  test('gives blocks as they came, with their labels to the microsecond', async () => {
    const name = await feed([]);
    const content = '<s:STIX_Package xmlns:s="urn:s" id="a:b"><s:c>1 &lt; 2</s:c> <!-- kept --></s:STIX_Package>';
    const blocks =
      block(`${stix}>sub`, content, '1.1', `${labelled('2025-01-01T00:00:00.000001+00:00')}<Message>hello</Message>`) +
      block(custom, 'a &lt;b&gt; &amp;', '1.1', labelled('2025-01-01T00:00:00.000002Z')) +
      block(custom, ' ', '1.1', labelled('2025-01-01T00:00:00.000003Z'));
    const key = await taxii1.key('threat:read', 'threat:write');
    await taxii1.send('/services/inbox-B', message('Inbox_Message', '', to(name) + blocks), { key });
    const answer = await poll(name);
    expect(answer.text).toContain(
      '<s:STIX_Package xmlns="http://taxii.mitre.org/messages/taxii_xml_binding-1.1" xmlns:s="urn:s" id="a:b">' +
        '<s:c>1 &lt; 2</s:c> <!-- kept --></s:STIX_Package>',
    );
    expect(answer.text).toContain('<taxii_11:Content>a &lt;b&gt; &amp;</taxii_11:Content>');
    const got = answer.message ? childrenOf(answer.message, 'Content_Block') : [];
    expect(got.map((one) => childText(one, 'Timestamp_Label'))).toEqual([
      '2025-01-01T00:00:00.000001Z',
      '2025-01-01T00:00:00.000002Z',
      '2025-01-01T00:00:00.000003Z',
    ]);
    expect(got.map((one) => childText(one, 'Message'))).toEqual(['hello', null, null]);
    expect(got[2] && child(got[2], 'Content')?.content).toEqual({ text: ' ', isXml: false });
    expect(answer.text).toContain(
      `<taxii_11:Content_Binding binding_id="${stix}"><taxii_11:Subtype subtype_id="sub"/></taxii_11:Content_Binding>`,
    );
    expect([told(answer, 'collection_name'), told(answer, 'more'), told(answer, 'result_id')]).toEqual([
      name,
      'false',
      null,
    ]);
    expect([toldIn(answer, 'Exclusive_Begin_Timestamp'), toldIn(answer, 'Inclusive_End_Timestamp')]).toEqual([
      null,
      expect.stringMatching(/\.\d{6}Z$/),
    ]);
  });

  test('gives parts, each of which is fulfilled, and none twice', async () => {
    const name = await feed(seconds(50));
    const first = await poll(name);
    expect([told(first, 'more'), told(first, 'result_part_number'), contentsOf(first)]).toEqual([
      'true',
      '1',
      numbers(0, 20),
    ]);
    const id = told(first, 'result_id') ?? '';
    const third = await fulfill(name, id, '3');
    expect([told(third, 'more'), told(third, 'result_id'), told(third, 'result_part_number')]).toEqual([
      'false',
      id,
      '3',
    ]);
    expect(contentsOf(third)).toEqual(numbers(40, 50));
    expect(contentsOf(await fulfill(name, id, '2'))).toEqual(numbers(20, 40));
    expect(contentsOf(await fulfill(name, id))).toEqual(numbers(0, 20));
    for (const part of ['4', '99999999999999999999999']) {
      const beyond = await fulfill(name, id, part);
      expect([told(beyond, 'more'), told(beyond, 'result_id'), contentsOf(beyond)]).toEqual(['false', id, []]);
    }
  });

  test('has no empty part after exactly as many blocks as a part holds', async () => {
    const answer = await poll(await feed(seconds(20)));
    expect([told(answer, 'more'), told(answer, 'result_id'), contentsOf(answer).length]).toEqual(['false', null, 20]);
  });

  test('begins after its begin and ends with its end', async () => {
    const name = await feed(seconds(5));
    const window = begin('2025-01-01T01:00:01+01:00') + end('2025-01-01T00:00:03.000000Z');
    const answer = await poll(name, `${window}<Poll_Parameters/>`);
    expect(contentsOf(answer)).toEqual(['b2', 'b3']);
    expect([toldIn(answer, 'Exclusive_Begin_Timestamp'), toldIn(answer, 'Inclusive_End_Timestamp')]).toEqual([
      '2025-01-01T00:00:01.000000Z',
      '2025-01-01T00:00:03.000000Z',
    ]);
  });

  test('goes on without loss or repeat where the last one ended', async () => {
    const name = await feed([]);
    const key = await taxii1.key('threat:read', 'threat:write');
    const pushed: string[] = [];
    const seen: (string | null)[] = [];
    let from: string | null = null;
    for (let round = 0; round < 3; round += 1) {
      const some = [`r${round}a`, `r${round}b`];
      pushed.push(...some);
      const blocks = some.map((content) => block(stix, content)).join('');
      await taxii1.send('/services/inbox-B', message('Inbox_Message', '', to(name) + blocks), { key });
      const answer: Received = await poll(name, `${from === null ? '' : begin(from)}<Poll_Parameters/>`);
      seen.push(...contentsOf(answer));
      from = toldIn(answer, 'Inclusive_End_Timestamp');
    }
    expect(seen).toEqual(pushed);
  });

  test('states no end of a set that was not asked for', async () => {
    const name = await feed(seconds(1), 'DATA_SET');
    expect(toldIn(await poll(name), 'Inclusive_End_Timestamp')).toBeNull();
  });

  test('counts when asked to, up to what the service announces', async () => {
    const countOf = async (name: string, parameters: string) => {
      const answer = await poll(name, parameters);
      const count = answer.message && child(answer.message, 'Record_Count');
      return [count?.text, count && attribute(count, 'partial_count'), contentsOf(answer).length];
    };
    const only = '<Poll_Parameters><Response_Type>COUNT_ONLY</Response_Type></Poll_Parameters>';
    expect(await countOf(await feed(seconds(3)), only)).toEqual(['3', null, 0]);
    expect(await countOf(await feed(seconds(16)), only)).toEqual(['15', 'true', 0]);
    expect(await countOf(await feed(seconds(3)), '<Poll_Parameters/>')).toEqual([undefined, null, 3]);
  });

  test('wants bindings, and is told which there are where it wants others', async () => {
    const key = await taxii1.key('threat:read', 'threat:write');
    const name = 'collection_stix_and_custom';
    const blocks = block(stix, 'one') + block(`${custom}>a`, 'two');
    await taxii1.send('/services/inbox-B', message('Inbox_Message', '', to(name) + blocks), { key });
    const wanting = (bindings: string) => poll(name, `<Poll_Parameters>${bindings}</Poll_Parameters>`);
    expect(contentsOf(await wanting(`<Content_Binding binding_id="${stix}"/>`))).toEqual(['one']);
    const sub = `<Content_Binding binding_id="${custom}"><Subtype subtype_id="a"/></Content_Binding>`;
    expect(contentsOf(await wanting(sub))).toEqual(['two']);
    expect(contentsOf(await wanting(sub.replace('"a"', '"b"')))).toEqual([]);
    expect(statusOf(await wanting('<Content_Binding binding_id="urn:other"/>'))).toEqual([
      'UNSUPPORTED_CONTENT',
      'The data collection supports none of the requested content bindings',
      `SUPPORTED_CONTENT=${stix}`,
      `SUPPORTED_CONTENT=${custom}`,
    ]);
  });

  test.each([
    ['nothing-here', '<Poll_Parameters/>', ['NOT_FOUND', 'Requested collection was not found', 'ITEM=nothing-here']],
    ['collection_disabled', '<Poll_Parameters/>', ['FAILURE', 'The collection is not available']],
    [
      'collection_only_stix',
      '<Subscription_ID>no</Subscription_ID>',
      ['NOT_FOUND', 'Requested subscription was not found', 'ITEM=no'],
    ],
    [
      'collection_only_stix',
      `${begin('2025-01-02T00:00:00Z')}${end('2025-01-01T00:00:00Z')}<Poll_Parameters/>`,
      ['FAILURE', 'Exclusive begin timestamp label is later than inclusive end timestamp label'],
    ],
    [
      'collection_only_stix',
      '<Poll_Parameters><Query format_id="urn:q"><a/></Query></Poll_Parameters>',
      ['UNSUPPORTED_QUERY', 'Query expressions are not supported'],
    ],
  ])('of %s with %s is refused', async (name, inner, expected) => {
    expect(statusOf(await poll(name, inner))).toEqual(expected);
  });

  test('is refused parts of what it did not poll', async () => {
    const name = await feed(seconds(21));
    const id = told(await poll(name), 'result_id') ?? '';
    const refused = (item: string) => ['NOT_FOUND', 'Requested result set was not found', `ITEM=${item}`];
    expect(statusOf(await fulfill('collection_only_stix', id, '2'))).toEqual(refused(id));
    expect(statusOf(await fulfill(name, 'no-such', '2'))).toEqual(refused('no-such'));
    taxii1.identity.clock.advance(25 * 60 * 60 * 1000);
    expect(statusOf(await fulfill(name, id, '2'))).toEqual(refused(id));
  });
});

describe('a poll of 1.0', () => {
  test('gives blocks without subtypes and messages, and a begin that is inclusive', async () => {
    const name = await feed([]);
    const key = await taxii1.key('threat:read', 'threat:write');
    const inner = block(`${stix}>sub`, '<a/>', '1.1', `${labelled('2025-01-01T00:00:00.5Z')}<Message>m</Message>`);
    await taxii1.send('/services/inbox-B', message('Inbox_Message', '', to(name) + inner), { key });
    const answer = await poll10(name, begin('2025-01-01T00:00:00Z'));
    expect([told(answer, 'feed_name'), told(answer, 'in_response_to')]).toEqual([name, '123']);
    expect(toldIn(answer, 'Inclusive_Begin_Timestamp')).toBe('2025-01-01T00:00:00.000001Z');
    expect(answer.text).toContain(
      `<taxii:Content_Block><taxii:Content_Binding>${stix}</taxii:Content_Binding><taxii:Content><a xmlns=` +
        '"http://taxii.mitre.org/messages/taxii_xml_binding-1.1"/></taxii:Content>' +
        '<taxii:Timestamp_Label>2025-01-01T00:00:00.500000Z</taxii:Timestamp_Label></taxii:Content_Block>',
    );
    const never = '9999-12-31T23:59:59.999999Z';
    expect(toldIn(await poll10(name, begin(never)), 'Inclusive_Begin_Timestamp')).toBe(never);
    expect(contentsOf(await poll10(name, `<Content_Binding>${stix}</Content_Binding>`))).toHaveLength(1);
    expect(contentsOf(await poll10(name, `<Content_Binding>${custom}</Content_Binding>`))).toHaveLength(0);
  });

  test('has no parts: an answer ends with a whole label, from which the next one goes on', async () => {
    const labels = [...seconds(19), ...Array<string>(4).fill('2025-01-01T00:00:19Z'), '2025-01-01T00:00:20Z'];
    const name = await feed(labels);
    const first = await poll10(name);
    expect(contentsOf(first)).toEqual(numbers(0, 23));
    const last = toldIn(first, 'Inclusive_End_Timestamp') ?? '';
    expect(last).toBe('2025-01-01T00:00:19.000000Z');
    expect(toldIn(first, 'Message')).toMatch(/more content blocks/);
    const second = await poll10(name, begin(last));
    expect([contentsOf(second), toldIn(second, 'Message')]).toEqual([['b23'], null]);
  });

  test('is of feeds alone, and is told failures in words that it has', async () => {
    expect(statusOf(await poll10('collection_open'))).toEqual([
      'NOT_FOUND',
      'The Named Data Collection is not a Data Feed, it is a Data Set. Only Data Feeds can be polled in TAXII 1.0',
      'collection_open',
    ]);
    expect(statusOf(await poll10('collection_only_stix', '<Content_Binding>urn:o</Content_Binding>'))).toEqual([
      'UNSUPPORTED_CONTENT',
      'The data collection supports none of the requested content bindings',
      stix,
    ]);
    const required = message('Inbox_Message', '', block(stix, 'a', '1.0'), '1.0');
    const answer = await taxii1.send('/services/inbox-B', required, { version: '1.0', key: reader });
    expect(statusOf(answer)).toEqual(['SUCCESS', null]);
  });
});

describe('a store that is not ready', () => {
  test('is waited for by those who say that they wait', async () => {
    const slow = await openTaxii1({}, 'memory');
    await furnish(slow);
    const reading = vi.spyOn(MemoryContentBlocks.prototype, 'read').mockResolvedValue('NOT_READY' as never);
    const ask = (inner: string) =>
      slow.send('/services/poll-A', message('Poll_Request', 'collection_name="collection_only_stix"', inner));
    expect(statusOf(await ask('<Poll_Parameters/>'))[0]).toBe('FAILURE');
    const pending = statusOf(await ask('<Poll_Parameters allow_asynch="true"/>'));
    expect(pending).toEqual([
      'PENDING',
      null,
      'ESTIMATED_WAIT=300',
      expect.stringMatching(/^RESULT_ID=[0-9a-f-]{36}$/),
      'WILL_PUSH=false',
    ]);
    const id = String(pending[3]).slice('RESULT_ID='.length);
    const fulfillment = message('Poll_Fulfillment', `collection_name="collection_only_stix" result_id="${id}"`);
    expect(statusOf(await slow.send('/services/poll-A', fulfillment))[0]).toBe('PENDING');
    reading.mockRestore();
    expect(statusOf(await slow.send('/services/poll-A', fulfillment))).toEqual(['Poll_Response']);
    await slow.identity.gateway.dispose();
  });
});
