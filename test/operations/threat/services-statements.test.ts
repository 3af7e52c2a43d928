import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyThreatConfig } from '#resolvers/threat/config/apply.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

/** What lists with relations cost, whatever their length. */
let threat: TestThreat;
beforeAll(async () => {
  threat = await openThreat();
  const numbers = Array.from({ length: 30 }, (_, n) => n);
  await applyThreatConfig(threat.all, {
    document: {
      services: numbers.map((n) => ({
        id: `s${n}`,
        type: n % 2 ? 'poll' : 'discovery',
        address: `/services/s${n}`,
        protocolBindings: ['urn:taxii.mitre.org:protocol:http:1.0'],
        ...(n % 2 === 0 && { advertisedServices: [`s${n}`, 's1', 's3'] }),
      })),
      dataCollections: numbers.map((n) => ({ name: `c${n}`, services: [`s${n}`, 's0', 's1'] })),
    },
  });
});
afterAll(() => threat.gateway.dispose());

const cost = (document: string) =>
  threat.statements(async () => {
    const { errors } = await threat.gateway.execute({ document });
    expect(errors).toBeUndefined();
  });

async function expectConstant(document: (first: number) => string, most: number): Promise<void> {
  const [few, many] = [await cost(document(2)), await cost(document(30))];
  expect(many).toBe(few);
  expect(many).toBeLessThanOrEqual(most);
}

test('a page of services with what they serve and tell of', () =>
  expectConstant(
    (first) => `{ taxiiServices(first: ${first}) { totalCount nodes {
      serviceId dataCollections(first: 2) { totalCount nodes { name services { serviceId } } }
      ... on DiscoveryService { instances { address service { serviceId } } }
    } } }`,
    8,
  ));

test('a page of data collections with their services and what those serve', () =>
  expectConstant(
    (first) => `{ dataCollections(first: ${first}) { totalCount nodes {
      name services { serviceId dataCollections(first: 1) { nodes { name } } }
    } } }`,
    5,
  ));
