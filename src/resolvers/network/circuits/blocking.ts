import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { InUseError } from '#kernel/errors.ts';
import { mayRead } from '#resolvers/network/access.ts';
import { circuitFacts, circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { toCircuitBlocker } from '#resolvers/network/circuits/find.ts';
import type { Device } from '#resolvers/network/devices/device.ts';
import { blockedBy, firstBlockers } from '#resolvers/network/in-use.ts';
import { byCreation } from '#resolvers/network/list.ts';

/**
 * The caller has locked the devices.
 * @throws InUseError when one of these devices cannot go, since a circuit ends on it.
 */
export async function refuseDevicesWithCircuits(ctx: Context, devices: readonly Device[]): Promise<void> {
  if (devices.length === 0) return;
  const store = ctx.use(circuitStore);
  const scopes = devices.map(({ id }) => ({ kind: 'device', id }) as const);
  const counts = await store.count(scopes, { filter: {}, visibility: 'all' });
  const index = counts.findIndex((count) => count > 0);
  const device = devices[index];
  if (!device) return;
  const visibility = visible(ctx, 'network:read');
  const query = { filter: {}, order: byCreation, visibility, page: firstBlockers };
  const [found] = await store.pages([{ kind: 'device', id: device.id }], query);
  const blockers = (found?.items ?? []).map(({ node }) => toCircuitBlocker(node));
  throw new InUseError(...blockedBy(`device ${device.hostname}`, blockers, counts[index] ?? 0));
}

/**
 * The caller has locked their devices.
 * @throws InUseError when one of these interfaces cannot go, since it is the end of a circuit.
 */
export async function refuseInterfacesWithCircuits(
  ctx: Context,
  interfaces: readonly { readonly id: string; readonly nameSlug: string }[],
): Promise<void> {
  if (interfaces.length === 0) return;
  const circuits = await ctx.use(circuitStore).ofInterfaces(interfaces.map(({ id }) => id));
  const index = circuits.findIndex((circuit) => circuit !== null);
  const circuit = circuits[index];
  if (!circuit) return;
  const blockers = mayRead(ctx, circuitFacts(circuit)) ? [toCircuitBlocker(circuit)] : [];
  throw new InUseError(...blockedBy(`interface ${interfaces[index]?.nameSlug}`, blockers, 1));
}
