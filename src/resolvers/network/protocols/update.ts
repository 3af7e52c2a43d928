import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { type FieldFault, InputError, OutdatedError } from '#kernel/errors.ts';
import { type Attributes, attributesInput, type GivenAttributes } from '#resolvers/network/attributes/check.ts';
import { changeAttributes } from '#resolvers/network/attributes/values.ts';
import { bulkItems, type Items, only, refuseRepeats, singleItem } from '#resolvers/network/bulk.ts';
import { circuitKey } from '#resolvers/network/circuits/find.ts';
import { deviceKey } from '#resolvers/network/devices/find.ts';
import { interfaceKey } from '#resolvers/network/interfaces/input.ts';
import { notFound, type Reference } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { protocolTypeKey } from '#resolvers/network/protocol-types/find.ts';
import { requiredNames } from '#resolvers/network/protocol-types/required.ts';
import { authStringInput, changeAuthString } from '#resolvers/network/protocols/auth-string.ts';
import { protocolDescription, type Said } from '#resolvers/network/protocols/create.ts';
import { protocolFinder, protocolKey } from '#resolvers/network/protocols/find.ts';
import { holdParts, type Parts, type PartsGiven, readParts } from '#resolvers/network/protocols/parts.ts';
import {
  type Protocol,
  protocolFacts,
  protocolStore,
  protocolUpdated,
  type SealedProtocol,
} from '#resolvers/network/protocols/protocol.ts';
import { appendProtocolEvent, namesOf, toProtocolSnapshot } from '#resolvers/network/protocols/snapshot.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

const reference = { site: siteKey.nullish(), by: protocolKey };
const protocolUpdate = z.object({
  ...reference,
  type: protocolTypeKey.optional(),
  device: deviceKey.optional(),
  interface: interfaceKey.nullable().optional(),
  circuit: circuitKey.nullable().optional(),
  description: protocolDescription.optional(),
  authString: authStringInput.optional(),
  attributes: attributesInput.optional(),
});
const protocolReplace = z.object({
  ...reference,
  type: protocolTypeKey,
  device: deviceKey,
  interface: interfaceKey.nullable().default(null),
  circuit: circuitKey.nullable().default(null),
  description: protocolDescription.default(''),
  authString: authStringInput.default(''),
  attributes: attributesInput.default({}),
});

type TypeKey = z.input<typeof protocolTypeKey>;
type DeviceKey = z.input<typeof deviceKey>;
type Named = Said & { readonly by: z.input<typeof protocolKey> };
export type ProtocolUpdate = Named & { readonly type?: TypeKey | null; readonly device?: DeviceKey | null };
export type ProtocolReplace = Named & { readonly type: TypeKey; readonly device: DeviceKey };

/** Changes what is given and leaves the rest. */
export const updateProtocol = async (ctx: Context, input: ProtocolUpdate): Promise<Protocol> =>
  only(await change(ctx, singleItem(protocolUpdate, input)));

export const updateProtocols = async (ctx: Context, inputs: readonly ProtocolUpdate[]): Promise<Protocol[]> =>
  change(ctx, bulkItems(ctx, protocolUpdate, inputs));

/** Sets everything that can change; what is not given gets its default. */
export const replaceProtocol = async (ctx: Context, input: ProtocolReplace): Promise<Protocol> =>
  only(await change(ctx, singleItem(protocolReplace, input)));

export const replaceProtocols = async (ctx: Context, inputs: readonly ProtocolReplace[]): Promise<Protocol[]> =>
  change(ctx, bulkItems(ctx, protocolReplace, inputs));

type Change = Reference &
  PartsGiven & {
    readonly description?: string | undefined;
    readonly authString?: string | undefined;
    readonly attributes?: GivenAttributes | undefined;
  };

async function change(ctx: Context, items: Items<Change>): Promise<Protocol[]> {
  allowSomewhere(ctx, 'network:update');
  return ctx.atomically(async (ctx) => {
    const { before, parts, required } = await lockProtocols(ctx, items);
    const attributes = await changeAttributes(
      ctx,
      'PROTOCOL',
      before.map(({ id, siteId }, index) => ({
        targetId: id,
        siteId,
        given: items.values[index]?.attributes,
        alsoRequired: required[index] ?? [],
        path: items.path(index, 'attributes'),
      })),
    );
    refuseMissing(items, { before, parts, required, carried: attributes.map(({ after }) => after) });
    const now = microseconds(ctx.clock.now());
    const drafts = before.map((former, index) => {
      const { description = former.description, authString } = items.values[index] ?? {};
      const next: SealedProtocol = {
        ...former,
        ...parts[index],
        description,
        ...changeAuthString(ctx, former, authString),
      };
      const carried = attributes[index] ?? { before: {}, after: {}, changed: false };
      const changed = carried.changed || isAnother(former, next);
      return { former, carried, changed, protocol: changed ? { ...next, updatedAt: now } : next };
    });
    // A secret that is sealed anew is written too, and is no change that anybody sees.
    const written = drafts.filter(({ changed, former, protocol }) => changed || protocol.sealed !== former.sealed);
    if (written.length > 0) await ctx.use(protocolStore).updateMany(written.map(({ protocol }) => protocol));
    const changed = drafts.filter((draft) => draft.changed);
    const names = await namesOf(
      ctx,
      changed.flatMap(({ former, protocol }) => [former, protocol]),
    );
    for (const { former, protocol, carried } of changed) {
      const snapshot = toProtocolSnapshot(protocol, names, carried.after);
      appendProtocolEvent(ctx, protocolUpdated, protocol, {
        data: { protocol: snapshot },
        before: toProtocolSnapshot(former, names, carried.before),
        after: snapshot,
      });
    }
    return drafts.map(({ protocol: { sealed: _, ...protocol } }) => protocol);
  });
}

/** Whether two states differ in what people see. */
const isAnother = (one: Protocol, other: Protocol): boolean =>
  !sameParts(one, other) ||
  one.description !== other.description ||
  one.authStringRevision !== other.authStringRevision;

const sameParts = (one: Parts, other: Parts): boolean =>
  one.typeId === other.typeId &&
  one.deviceId === other.deviceId &&
  one.interfaceId === other.interfaceId &&
  one.circuitId === other.circuitId;

interface Locked {
  readonly before: SealedProtocol[];
  /** What each is to refer to. */
  readonly parts: readonly Parts[];
  /** The names of the attributes that the type of each requires. */
  readonly required: readonly (readonly string[])[];
}

/** The protocols of a call and all they are to refer to, locked, after a check of the rights. */
async function lockProtocols(ctx: Context, items: Items<Change>): Promise<Locked> {
  const named = await expectAll(ctx, protocolFinder, items, 'update');
  for (const protocol of named) allow(ctx, 'network:update', protocolFacts(protocol));
  const ids = named.map(({ id }) => id);
  refuseRepeats(items, ids);
  const parts = await readParts(ctx, items, named);
  for (const part of parts) allow(ctx, 'network:update', protocolFacts(part));
  const types = await holdParts(ctx, items, parts, named);
  const before = (await ctx.use(protocolStore).lock(ids)).map((protocol, index) => {
    if (!protocol) throw notFound('Protocol', items, index, 'update');
    // Its parts were held as they were when it was found.
    if (!sameParts(protocol, named[index] ?? protocol))
      throw new OutdatedError('The protocol was changed by somebody else just now. Try again.');
    return protocol;
  });
  return { before, parts, required: await requiredNames(ctx, types) };
}

/** @throws InputError where a new type requires what a protocol does not carry. Attributes that were given are checked. */
function refuseMissing(
  items: Items<Change>,
  { before, parts, required, carried }: Locked & { readonly carried: readonly Attributes[] },
): void {
  const faults = before.flatMap(({ typeId }, index): FieldFault[] => {
    if (items.values[index]?.attributes !== undefined || parts[index]?.typeId === typeId) return [];
    const missing = (required[index] ?? []).filter((name) => !Object.hasOwn(carried[index] ?? {}, name));
    if (missing.length === 0) return [];
    return [{ path: items.path(index, 'type'), message: `Missing required attributes: ${missing.join(', ')}` }];
  });
  if (faults.length > 0) throw new InputError(faults);
}
