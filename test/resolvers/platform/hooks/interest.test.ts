import { expect, test } from 'vitest';
import { HookInterest } from '#resolvers/platform/hooks/interest.ts';

const job = { name: 'platform.job.started' };
const device = { name: 'network.device.created' };

test('what no hook is for is wanted no more, until something happens to a hook', () => {
  const interest = new HookInterest();
  expect([job, device].map((event) => interest.wants(event))).toEqual([true, true]);
  interest.look()([job.name]);
  expect([job, device].map((event) => interest.wants(event))).toEqual([false, true]);
  expect(interest.wants({ name: 'platform.hook.updated' })).toBe(true);
  expect(interest.wants(job)).toBe(true);
});

test('a look during which a hook changed teaches nothing', () => {
  const interest = new HookInterest();
  const learn = interest.look();
  interest.wants({ name: 'platform.hook.enabled' });
  learn([job.name]);
  expect(interest.wants(job)).toBe(true);
});

test('deliveries that were given up are never wanted', () => {
  expect(new HookInterest().wants({ name: 'platform.hookDelivery.deadLettered' })).toBe(false);
});
