import { z } from 'zod';
import { allow, allowSomewhere } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { secretBox } from '#kernel/secret-box.ts';
import { attributesOf } from '#resolvers/network/attributes/values.ts';
import { only, singleItem } from '#resolvers/network/bulk.ts';
import { notFound } from '#resolvers/network/keys.ts';
import { expectAll } from '#resolvers/network/lookup.ts';
import { protocolFinder, protocolKey } from '#resolvers/network/protocols/find.ts';
import {
  authStringRevealed,
  type Protocol,
  protocolFacts,
  protocolStore,
  type SealedProtocol,
} from '#resolvers/network/protocols/protocol.ts';
import { appendProtocolEvent, namesOf, toProtocolSnapshot } from '#resolvers/network/protocols/snapshot.ts';

const longest = 255;

/** A secret is kept as it was given, and never quoted. */
export const authStringInput = z
  .string('authString must be a text.')
  .refine((text) => [...text].length <= longest, `authString may not be longer than ${longest} characters.`)
  .refine((text) => !/\p{Cc}/u.test(text), 'authString may not hold control characters.')
  .refine((text) => text.isWellFormed(), 'authString may not hold halves of surrogate pairs.');

const purposeOf = (id: string): string => `network.protocol.authString/${id}`;

type Secret = Pick<SealedProtocol, 'sealed' | 'hasAuthString' | 'authStringRevision'>;

/** The secret of a new protocol; empty for none. */
export const sealAuthString = (ctx: Context, id: string, text: string): Secret =>
  text === ''
    ? { sealed: null, hasAuthString: false, authStringRevision: 0 }
    : { sealed: ctx.use(secretBox).seal(text, purposeOf(id)), hasAuthString: true, authStringRevision: 1 };

/**
 * The secret of a protocol after a write. The same one again is no change, but is sealed with the present key.
 * @param given undefined leaves it as it is.
 */
export function changeAuthString(ctx: Context, protocol: SealedProtocol, given: string | undefined): Secret {
  const { id, sealed, hasAuthString, authStringRevision } = protocol;
  const present: Secret = { sealed, hasAuthString, authStringRevision };
  if (given === undefined || (given === '' && sealed === null)) return present;
  if (given === '') return { sealed: null, hasAuthString: false, authStringRevision: authStringRevision + 1 };
  const box = ctx.use(secretBox);
  const same = sealed !== null && box.open(sealed, purposeOf(id)) === given;
  if (same && box.isCurrent(sealed)) return present;
  return {
    sealed: box.seal(given, purposeOf(id)),
    hasAuthString: true,
    authStringRevision: authStringRevision + (same ? 0 : 1),
  };
}

const revealInput = z.object({ by: protocolKey });
export type Reveal = z.input<typeof revealInput>;

/**
 * The secret of a protocol, empty where it has none. That somebody saw it is an event.
 * @throws UnavailableError where the key it was sealed with is not at hand.
 */
export async function revealAuthString(
  ctx: Context,
  input: Reveal,
): Promise<{ protocol: Protocol; authString: string }> {
  const items = singleItem(revealInput, input);
  allowSomewhere(ctx, 'network:reveal');
  return ctx.atomically(async (ctx) => {
    const named = only(await expectAll(ctx, protocolFinder, items, 'update'));
    const [found = null] = await ctx.use(protocolStore).lock([named.id]);
    if (!found) throw notFound('Protocol', items, 0, 'update');
    const { sealed, ...protocol } = found;
    allow(ctx, 'network:reveal', protocolFacts(protocol));
    if (sealed === null) return { protocol, authString: '' };
    const authString = ctx.use(secretBox).open(sealed, purposeOf(protocol.id));
    const [attributes = {}] = await attributesOf(ctx, [protocol.id]);
    const snapshot = toProtocolSnapshot(protocol, await namesOf(ctx, [protocol]), attributes);
    appendProtocolEvent(ctx, authStringRevealed, protocol, { data: { protocol: snapshot } });
    return { protocol, authString };
  });
}
