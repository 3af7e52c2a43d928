import type { Gateway } from '../../src/gateway.ts';
import { mutate } from './mutate.ts';

/** How much there is to read. */
export interface Amounts {
  readonly sites: number;
  readonly devicesPerSite: number;
  /** Each Site has 10.0.0.0/8, in it so many /16, and in each of them as many /24. */
  readonly networksPerLevel: number;
}

/** Puts Sites, devices and networks into an empty gateway, by its own mutations. */
export async function fill(gateway: Gateway, amounts: Amounts): Promise<void> {
  const sites = upTo(amounts.sites).map((number) => `Site ${number}`);
  await createMany(
    gateway,
    'site',
    sites.map((name) => ({ name, description: `${name} of the benchmark` })),
  );
  for (const [place, name] of sites.entries()) {
    const site = { name };
    const hostnames = upTo(amounts.devicesPerSite).map((number) => `host-${place}-${number}.example.net`);
    await createMany(
      gateway,
      'device',
      hostnames.map((hostname) => ({ site, hostname })),
    );
    await createMany(
      gateway,
      'network',
      cidrs(amounts.networksPerLevel).map((cidr) => ({ site, cidr })),
    );
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

function cidrs(perLevel: number): string[] {
  const level = upTo(perLevel);
  return [
    '10.0.0.0/8',
    ...level.map((second) => `10.${second}.0.0/16`),
    ...level.flatMap((second) => level.map((third) => `10.${second}.${third}.0/24`)),
  ];
}

/** The most items that one call takes. */
const most = 1000;

async function createMany(gateway: Gateway, noun: string, inputs: readonly object[]): Promise<void> {
  for (let first = 0; first < inputs.length; first += most)
    await mutate(gateway, `${noun}CreateMany`, { inputs: inputs.slice(first, first + most) });
}
