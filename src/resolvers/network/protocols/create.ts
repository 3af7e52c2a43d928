import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { newId } from '#kernel/id.ts';
import { prose } from '#kernel/input.ts';
import {
  attributesInput,
  type CheckedAttributes,
  checkAttributes,
  type GivenAttributes,
  noAttributes,
} from '#resolvers/network/attributes/check.ts';
import { storeAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, singleItem } from '#resolvers/network/bulk.ts';
import { circuitKey } from '#resolvers/network/circuits/find.ts';
import { deviceKey } from '#resolvers/network/devices/find.ts';
import { interfaceKey } from '#resolvers/network/interfaces/input.ts';
import { protocolTypeKey } from '#resolvers/network/protocol-types/find.ts';
import { requiredNames } from '#resolvers/network/protocol-types/required.ts';
import { authStringInput, sealAuthString } from '#resolvers/network/protocols/auth-string.ts';
import { holdParts, type Parts, readParts } from '#resolvers/network/protocols/parts.ts';
import {
  type Protocol,
  protocolCreated,
  protocolFacts,
  protocolStore,
  type SealedProtocol,
} from '#resolvers/network/protocols/protocol.ts';
import { appendProtocolEvent, namesOf, toProtocolSnapshot } from '#resolvers/network/protocols/snapshot.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

export const protocolDescription = prose('description', { max: 255 });

const protocolCreate = z.object({
  site: siteKey.nullish(),
  type: protocolTypeKey,
  device: deviceKey,
  interface: interfaceKey.nullable().default(null),
  circuit: circuitKey.nullable().default(null),
  description: protocolDescription.default(''),
  authString: authStringInput.default(''),
  attributes: attributesInput.default({}),
});
type Fresh = z.output<typeof protocolCreate>;

/** What can be said of a protocol, beside its type and device. */
export interface Said {
  /** Only where the keys are looked for. */
  readonly site?: z.input<typeof siteKey> | null;
  readonly interface?: z.input<typeof interfaceKey> | null;
  readonly circuit?: z.input<typeof circuitKey> | null;
  readonly description?: string | null;
  readonly authString?: string | null;
  readonly attributes?: GivenAttributes | null;
}
export type ProtocolCreate = Said & {
  readonly type: z.input<typeof protocolTypeKey>;
  readonly device: z.input<typeof deviceKey>;
};

/** Creates a protocol on a device, perhaps on one of its interfaces or over a circuit. */
export const createProtocol = async (ctx: Context, input: ProtocolCreate): Promise<Protocol> =>
  only(await create(ctx, singleItem(protocolCreate, input)));

export const createProtocols = async (ctx: Context, inputs: readonly ProtocolCreate[]): Promise<Protocol[]> =>
  create(ctx, bulkItems(ctx, protocolCreate, inputs));

async function create(ctx: Context, items: Items<Fresh>): Promise<Protocol[]> {
  allowSomewhere(ctx, 'network:create');
  return ctx.atomically(async (ctx) => {
    const parts = await readParts(ctx, items);
    for (const part of parts) allow(ctx, 'network:create', protocolFacts(part));
    const required = await requiredNames(ctx, await holdParts(ctx, items, parts));
    const checked = await checkAttributes(
      ctx,
      'PROTOCOL',
      parts.map(({ siteId }, index) => ({
        siteId,
        given: items.values[index]?.attributes ?? {},
        alsoRequired: required[index] ?? [],
        path: items.path(index, 'attributes'),
      })),
    );
    return insertProtocols(
      ctx,
      parts.map((part, index) => {
        const { description = '', authString = '' } = items.values[index] ?? {};
        return { ...part, description, authString, attributes: checked[index] ?? noAttributes };
      }),
    );
  });
}

/** A protocol to be, with its secret as it was given, and what it is to carry. */
export interface FreshProtocol extends Parts {
  readonly description: string;
  /** Empty for none. */
  readonly authString: string;
  readonly attributes: CheckedAttributes;
}

/**
 * Inserts protocols with their events, however many. The caller has checked rights and content, holds all that they refer
 * to, and opened the transaction.
 */
export async function insertProtocols(ctx: Context, fresh: readonly FreshProtocol[]): Promise<Protocol[]> {
  const now = microseconds(ctx.clock.now());
  const rows = fresh.map(({ authString, attributes: _, ...rest }): SealedProtocol => {
    const id = newId();
    return { id, ...rest, ...sealAuthString(ctx, id, authString), createdAt: now, updatedAt: now };
  });
  await ctx.use(protocolStore).insertMany(rows);
  await storeAttributes(
    ctx,
    'PROTOCOL',
    rows.flatMap(({ id, siteId }, index) => {
      const checked = fresh[index]?.attributes ?? noAttributes;
      return checked.parts.length > 0 ? [{ targetId: id, siteId, checked }] : [];
    }),
  );
  const protocols = rows.map(({ sealed: _, ...protocol }): Protocol => protocol);
  const names = await namesOf(ctx, protocols);
  for (const [index, protocol] of protocols.entries()) {
    const snapshot = toProtocolSnapshot(protocol, names, fresh[index]?.attributes.attributes ?? {});
    appendProtocolEvent(ctx, protocolCreated, protocol, { data: { protocol: snapshot }, after: snapshot });
  }
  return protocols;
}
