import { visible } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { mayRead, readsByGrantsOn } from '#resolvers/network/access.ts';
import { circuitStore } from '#resolvers/network/circuits/circuit.ts';
import { deviceStore } from '#resolvers/network/devices/device.ts';
import { interfacesBySlug } from '#resolvers/network/interfaces/find.ts';
import type { NaturalKey } from '#resolvers/network/lookup.ts';
import { placeAmong } from '#resolvers/network/networks/ancestors.ts';
import { networkFacts } from '#resolvers/network/networks/network.ts';
import { networkStore } from '#resolvers/network/networks/store.ts';

/** Kinds of things that an account may see single ones of. */
export type SingleKind = 'device' | 'network' | 'interface' | 'circuit';

/** Whether each natural key is that of a thing which the viewer may read now. One read however many. */
type Readable = (ctx: Context, keys: readonly { siteId: string; key: string }[]) => Promise<boolean[]>;

const any = (matches: readonly (readonly unknown[])[]): boolean[] => matches.map(({ length }) => length > 0);

/** By kind: on what there are grants that could show some of them, and how it is found out. */
const ways: Readonly<Record<SingleKind, { readonly through: readonly SingleKind[]; readonly readable: Readable }>> = {
  device: {
    through: ['device'],
    readable: async (ctx, keys) => any(await ctx.use(deviceStore).match(keys, visible(ctx, 'network:read'))),
  },
  network: {
    through: ['network'],
    async readable(ctx, keys) {
      const places = keys.map(({ siteId, key }) => ({ siteId, cidr: key }));
      const standings = placeAmong(await ctx.use(networkStore).containing(places), places);
      // A grant covers every prefix in its network, also one that is gone.
      return standings.map(({ ancestors, equal }, index) =>
        mayRead(ctx, networkFacts({ id: equal?.id ?? '', siteId: keys[index]?.siteId ?? '' }, ancestors)),
      );
    },
  },
  interface: {
    through: ['interface', 'device'],
    readable: async (ctx, keys: readonly NaturalKey[]) => any(await interfacesBySlug(ctx, keys)),
  },
  circuit: {
    through: ['circuit', 'device'],
    readable: async (ctx, keys) => any(await ctx.use(circuitStore).match(keys, visible(ctx, 'network:read'))),
  },
};

/** Whether the viewer may read the thing with this natural key. Those asked for in one turn take one read. */
export const isReadable = (ctx: Context, kind: SingleKind, siteId: string, key: string): Promise<boolean> =>
  ctx.load(readableKeys, JSON.stringify({ siteId, key }), kind);

async function readableKeys(ctx: Context, keys: readonly string[], kind: string): Promise<boolean[]> {
  const { through, readable } = ways[kind as SingleKind];
  if (!readsByGrantsOn(ctx, ...through)) return keys.map(() => false);
  return readable(
    ctx,
    keys.map((key) => JSON.parse(key) as { siteId: string; key: string }),
  );
}
