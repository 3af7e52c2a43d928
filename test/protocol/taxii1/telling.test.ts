import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attribute, child, childrenOf, childText, type MessageElement } from '#plugins/taxii/taxii1/xml/element.ts';
import { both, custom, furnish, message, openTaxii1, type Received, stix, type Taxii1 } from './gateway.ts';

let taxii1: Taxii1;
beforeAll(async () => {
  taxii1 = await openTaxii1();
  await furnish(taxii1);
  const name = 'away';
  await taxii1.service({
    serviceId: name,
    address: `/services/${name}`,
    protocolBindings: [both[1]],
    baseUrl: 'taxii.example.org:8443/base',
    kind: { poll: {} },
  });
  await taxii1.service({ serviceId: 'hidden', address: '/services/hidden', kind: { poll: {} } });
  await taxii1.service({
    serviceId: 'telling',
    address: '/services/telling',
    protocolBindings: [both[0]],
    kind: { discovery: { advertisedServices: ['away', 'nobody', 'hidden', 'telling'] } },
  });
});
afterAll(() => taxii1.identity.gateway.dispose());

const texts = (element: MessageElement, name: string) => childrenOf(element, name).map(({ text }) => text);
const bindingsOf = (element: MessageElement) =>
  childrenOf(element, 'Content_Binding').map((one) => attribute(one, 'binding_id') ?? one.text);
const instancesOf = ({ message: answer }: Received) =>
  (answer ? childrenOf(answer, 'Service_Instance') : []).map((one) => ({
    type: attribute(one, 'service_type'),
    version: attribute(one, 'service_version'),
    available: attribute(one, 'available'),
    protocol: childText(one, 'Protocol_Binding'),
    address: childText(one, 'Address'),
    messages: texts(one, 'Message_Binding'),
    contents: bindingsOf(one),
    text: childText(one, 'Message'),
  }));

const discover = (version: '1.0' | '1.1', at = '/services/discovery-A', sending = {}) =>
  taxii1.send(at, message('Discovery_Request', '', '', version), { version, ...sending });

const messages = ['urn:taxii.mitre.org:message:xml:1.0', 'urn:taxii.mitre.org:message:xml:1.1'];

describe('a discovery', () => {
  test.each(['1.0', '1.1'] as const)('tells each advertised service once for each protocol, in %s', async (version) => {
    const instances = instancesOf(await discover(version));
    const common = { version: `urn:taxii.mitre.org:services:${version}`, available: 'true', messages };
    const twice = (serviceId: string, type: string, contents: string[] = []) =>
      both.map((protocol) => ({
        ...common,
        type,
        protocol,
        address: `${protocol === both[0] ? 'http' : 'https'}://gw.test/services/${serviceId}`,
        contents,
        text: `${serviceId} of the tests`,
      }));
    expect(instances).toEqual([
      ...twice('inbox-A', 'INBOX'),
      ...twice('inbox-B', 'INBOX', [stix, custom]),
      ...twice('discovery-A', 'DISCOVERY'),
      {
        ...common,
        type: 'DISCOVERY',
        protocol: both[0],
        address: 'http://other.test/discovery',
        contents: [],
        text: 'discovery-B of the tests',
      },
      ...twice('collection-management-A', version === '1.0' ? 'FEED_MANAGEMENT' : 'COLLECTION_MANAGEMENT'),
      ...twice('poll-A', 'POLL'),
    ]);
  });

  test('leaves out what is not there or has no protocol, and tells bases of their own', async () => {
    expect(instancesOf(await discover('1.1', '/services/telling')).map(({ address }) => address)).toEqual([
      'https://taxii.example.org:8443/base/services/away',
      'http://gw.test/services/telling',
    ]);
  });

  test('tells where clients reach the gateway: what the config says, else what the client wrote', async () => {
    const forwarded = { headers: { 'x-forwarded-host': 'front.test:444' } };
    const [first] = instancesOf(await discover('1.1', '/services/discovery-A', forwarded));
    expect(first?.address).toBe('http://front.test:444/services/inbox-A');
    const named = await openTaxii1({ http: { publicUrl: 'https://public.test/gw/' } }, 'memory');
    await furnish(named);
    const answer = await named.send('/services/discovery-A', message('Discovery_Request', ''));
    expect(instancesOf(answer).map(({ address }) => address)).toContain('http://public.test/gw/services/poll-A');
    await named.identity.gateway.dispose();
  });

  test('tells the same as the graph', async () => {
    const { data } = await taxii1.ask(
      `{ taxiiService(by: { serviceId: "discovery-A" }) {
        ... on DiscoveryService { instances { service { serviceId } protocolBinding address } }
      } }`,
      {},
      await taxii1.key(),
    );
    const told = instancesOf(await discover('1.1')).map(({ protocol, address }) => [protocol, address]);
    expect(
      data.taxiiService.instances.map((one: { protocolBinding: string; address: string }) => [
        one.protocolBinding,
        one.address.startsWith('/')
          ? `${one.protocolBinding === both[0] ? 'http' : 'https'}://gw.test${one.address}`
          : one.address,
      ]),
    ).toEqual(told);
  });
});

const contactsOf = (record: MessageElement, name: string) =>
  childrenOf(record, name).map((one) => [
    childText(one, 'Protocol_Binding')?.includes(':https:') ? 'https' : 'http',
    childText(one, 'Address'),
    ...bindingsOf(one),
  ]);
const recordsOf = ({ message: answer }: Received, name: string) => (answer ? childrenOf(answer, name) : []);
const collections = (key?: string) =>
  taxii1.send('/services/collection-management-A', message('Collection_Information_Request', ''), {
    ...(key && { key }),
  });

describe('a collection management service', () => {
  test('tells every data collection that is read, with all that there is to know', async () => {
    const records = recordsOf(await collections(), 'Collection');
    expect(
      records.map((record) => [
        attribute(record, 'collection_name'),
        attribute(record, 'collection_type'),
        attribute(record, 'available'),
        childText(record, 'Description'),
        childText(record, 'Collection_Volume'),
        bindingsOf(record),
      ]),
    ).toEqual([
      ['collection_disabled', 'DATA_FEED', 'false', '', '0', []],
      ['collection_only_stix', 'DATA_FEED', 'true', '', '0', [stix]],
      ['collection_open', 'DATA_SET', 'true', '', '0', []],
      ['collection_stix_and_custom', 'DATA_FEED', 'true', 'Both.', '0', [stix, custom]],
    ]);
    const open = records[2] as MessageElement;
    const at = (serviceId: string, ...more: string[]) =>
      ['http', 'https'].map((scheme) => [scheme, `${scheme}://gw.test/services/${serviceId}`, ...more]);
    expect(contactsOf(open, 'Polling_Service')).toEqual(at('poll-A'));
    expect(contactsOf(open, 'Subscription_Service')).toEqual(at('collection-management-A'));
    expect(contactsOf(open, 'Receiving_Inbox_Service')).toEqual([...at('inbox-A'), ...at('inbox-B', stix, custom)]);
    expect(child(open, 'Push_Method')).toBeNull();
  });

  test('tells inboxes only to those who may write, and nothing to those who may not read', async () => {
    const reader = recordsOf(
      await collections(await taxii1.key('threat:read@dataCollection/collection_open')),
      'Collection',
    );
    expect(reader.map((record) => attribute(record, 'collection_name'))).toEqual(['collection_open']);
    expect(child(reader[0] as MessageElement, 'Receiving_Inbox_Service')).toBeNull();
    expect(child(reader[0] as MessageElement, 'Polling_Service')).not.toBeNull();
    expect(recordsOf(await collections(await taxii1.key('threat:write')), 'Collection')).toEqual([]);
  });

  test('tells 1.0 what 1.0 knows', async () => {
    const request = message('Feed_Information_Request', '', '', '1.0');
    const answer = await taxii1.send('/services/collection-management-A', request, { version: '1.0' });
    const [disabled, only] = recordsOf(answer, 'Feed');
    expect(recordsOf(answer, 'Feed')).toHaveLength(4);
    expect([disabled && attribute(disabled, 'feed_name'), disabled && attribute(disabled, 'available')]).toEqual([
      'collection_disabled',
      'false',
    ]);
    expect(only && bindingsOf(only)).toEqual([stix]);
    expect(only?.children.map(({ name }) => name)).toEqual([
      'Description',
      'Content_Binding',
      'Polling_Service',
      'Polling_Service',
      'Subscription_Service',
      'Subscription_Service',
    ]);
  });
});

test('telling of many costs as many statements as telling of few', async () => {
  const many = await openTaxii1();
  await furnish(many);
  const services = ['inbox-B', 'poll-A', 'collection-management-A'].map((serviceId) => ({ serviceId }));
  const key = await many.key('threat:read');
  const cost = (path: string, name: string) => many.statements(() => many.send(path, message(name, ''), { key }));
  const costs = async () => [
    await cost('/services/collection-management-A', 'Collection_Information_Request'),
    await cost('/services/discovery-A', 'Discovery_Request'),
  ];
  const few = await costs();
  expect(Math.min(...few)).toBeGreaterThan(1);
  for (let count = 0; count < 30; count += 1) await many.collection({ name: `more-${count}`, services });
  expect(await costs()).toEqual(few);
  await many.identity.gateway.dispose();
});
