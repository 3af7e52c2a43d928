/** A gateway whose hooks may reach this machine, and people who make hooks. */

import { expect } from 'vitest';
import { newId } from '#kernel/id.ts';
import type { GatehousePlugin } from '#plugins/define.ts';
import { egressPlugin } from '#plugins/egress/plugin.ts';
import { hooks } from '#plugins/hooks/plugin.ts';
import { network } from '#plugins/network.ts';
import { secretBoxPlugin } from '#plugins/secret-box/plugin.ts';
import { storageMemory } from '#plugins/storage-memory/plugin.ts';
import { createHook, type HookCreateInput } from '#resolvers/platform/hooks/create.ts';
import type { DeliveryState, HookAttempt, HookDelivery } from '#resolvers/platform/hooks/delivery.ts';
import { hookDeliveryStore } from '#resolvers/platform/hooks/delivery.ts';
import { type Hook, hookStore } from '#resolvers/platform/hooks/hook.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { type Identity, openIdentity, type Person } from './identity.ts';
import { askerOf, type Roomer } from './rooms.ts';

/** Somebody with rights of his own. */
export interface Hooker extends Roomer {
  hook(input: HookCreateInput): Promise<MadeHook>;
  /** Makes a site. */
  site(name?: string): Promise<string>;
  /** Makes a device, and gives its global id. */
  device(site: string, hostname: string): Promise<string>;
  rename(device: string, hostname: string): Promise<void>;
}

export interface MadeHook {
  /** Row id. */
  readonly id: string;
  readonly number: number;
  readonly target: string;
  readonly secret: string;
}

export interface HookHouse extends Identity {
  readonly clock: FakeClock;
  hooker(...permissions: string[]): Promise<Hooker>;
  hookNow(id: string): Promise<Hook>;
  /** The deliveries of a hook, oldest first. */
  deliveries(hookId: string): Promise<readonly HookDelivery[]>;
  attempts(deliveryId: string): Promise<readonly HookAttempt[]>;
  /** Waits until the deliveries of a hook are in these states, oldest first. */
  settled(hookId: string, states: readonly DeliveryState[]): Promise<readonly HookDelivery[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface HookHouseOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly storage?: readonly GatehousePlugin[];
  readonly more?: readonly GatehousePlugin[];
  readonly works?: boolean;
  /** In place of the plugin that guards what leaves. */
  readonly guard?: GatehousePlugin;
  /** Of the section `hooks`. */
  readonly hooks?: Readonly<Record<string, unknown>>;
}

export async function openHooks(options: HookHouseOptions = {}): Promise<HookHouse> {
  const { config = {}, storage = [storageMemory], more = [], works = true, guard = egressPlugin } = options;
  // Receivers refuse what was signed long ago by their own clocks.
  const clock = fakeClock(Date.now());
  const identity = await openIdentity(
    { ...config, hooks: { allow: ['127.0.0.1'], jitter: 0, timeout: '2s', ...options.hooks } },
    [...storage, secretBoxPlugin, guard, network, hooks, ...more],
    ({ name }) => name !== 'test-areas',
    undefined,
    clock,
  );
  if (works) identity.gateway.work();
  const { system } = identity;
  const house: HookHouse = {
    ...identity,
    clock,
    async hooker(...permissions) {
      const person = await identity.person(permissions);
      return hookerOf(person, askerOf(identity.gateway, person.key));
    },
    async hookNow(id) {
      const [hook] = await system.use(hookStore).getMany([id]);
      if (!hook) throw new Error(`There is no hook ${id}.`);
      return hook;
    },
    async deliveries(hookId) {
      const page = { limit: 1000, direction: 'forward', after: null, before: null, offset: 0 } as const;
      const { items } = await system.use(hookDeliveryStore).page({ hook: hookId }, null, page);
      return items.map(({ node }) => node).toReversed();
    },
    async attempts(deliveryId) {
      const [attempts = []] = await system.use(hookDeliveryStore).attempts([deliveryId]);
      return attempts;
    },
    async settled(hookId, states) {
      const read = async () => (await house.deliveries(hookId)).map(({ state }) => state);
      await expect.poll(read, { timeout: 10_000, interval: 20 }).toEqual(states);
      return house.deliveries(hookId);
    },
    [Symbol.asyncDispose]: () => identity.gateway.dispose(),
  };
  return house;
}

function hookerOf(person: Person, asker: Pick<Roomer, 'ask' | 'change'>): Hooker {
  const { change } = asker;
  const must = async (name: string, input: Record<string, unknown>, fields: string) => {
    const done = await change(name, input, fields);
    if (done.message) throw new Error(`${name}: ${done.message}`);
    return done;
  };
  return {
    ...person,
    ...asker,
    async hook(input) {
      const { hook, secret } = await createHook(person.ctx, input);
      return { id: hook.id, number: hook.number, target: hook.target, secret };
    },
    site: async (name = `Site ${newId()}`) => (await must('siteCreate', { name }, 'site { id }')).site.id,
    device: async (site, hostname) =>
      (await must('deviceCreate', { site: { id: site }, hostname }, 'device { id }')).device.id,
    async rename(device, hostname) {
      await must('deviceUpdate', { by: { id: device }, hostname }, 'device { id }');
    },
  };
}
