import { afterAll, beforeAll, expect, test } from 'vitest';
import { inventorySites, loadInventory } from '../../support/inventory.ts';
import { openNetwork, type TestNetwork } from '../../support/network.ts';

/** What questions cost on a whole export of NetBox and thousands of published prefixes. */
let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
  await loadInventory(net.all);
}, 120_000);
afterAll(() => net.gateway.dispose());

interface Answer {
  readonly statements: number;
  readonly text: string;
}

async function answer(document: string): Promise<Answer> {
  let text = '';
  const statements = await net.statements(async () => {
    const { data, errors } = await net.gateway.execute({ document });
    expect(errors).toBeUndefined();
    text = JSON.stringify(data);
  });
  return { statements, text };
}

const countOf = (text: string, field: string) => text.split(`"${field}":`).length - 1;

test('devices with their interfaces, addresses, networks and parents take the same statements for any page', async () => {
  const page = (devices: number, interfaces: number) =>
    answer(`{ devices(site: { name: "${inventorySites.netbox}" }, first: ${devices}) { nodes { hostname
      interfaces(first: ${interfaces}) { nodes { name
        addresses(first: 10) { nodes { cidr } }
        networks(first: 10) { nodes { prefixLength parent { broadcastAddress } } }
      } }
    } } }`);
  const few = await page(10, 10);
  const many = await page(100, 100);
  expect([countOf(few.text, 'hostname'), countOf(many.text, 'hostname')]).toEqual([10, 72]);
  expect(countOf(many.text, 'name')).toBe(1586);
  expect(countOf(many.text, 'cidr')).toBe(1586);
  expect(countOf(many.text, 'broadcastAddress')).toBeGreaterThan(100);
  expect(many.statements).toBe(few.statements);
  expect(many.statements).toBeLessThanOrEqual(7);
});

test('published prefixes with their parents, attributes and assignments take the same statements for any page', async () => {
  const page = (first: number) =>
    answer(`{ networks(site: { name: "${inventorySites.published}" }, first: ${first}, orderBy: { by: NATURAL }) { nodes {
      cidr parent { cidr parent { cidr } } attributes assignments { nodes { interface { name device { hostname } } } }
    } } }`);
  const [few, many] = [await page(10), await page(1000)];
  expect(many.statements).toBe(few.statements);
  expect(many.statements).toBeLessThanOrEqual(6);
});
