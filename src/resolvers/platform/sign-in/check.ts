import { randomBytes } from 'node:crypto';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import { foldText } from '#kernel/filter.ts';
import { accountStore, type ProvenAccount } from '#resolvers/platform/accounts/account.ts';
import { createGate, type Gate } from '#resolvers/platform/sign-in/gate.ts';
import { type PasswordHasher, passwordHasher } from '#resolvers/platform/sign-in/passwords.ts';
import {
  type Attempt,
  countFailedAttempt,
  forgetFailures,
  requireUnthrottled,
} from '#resolvers/platform/sign-in/throttle.ts';

/**
 * A burst of attempts must not slip past the count of failures while the first ones are still being computed. So few
 * are looked at at once in a process, and the count is read when an attempt's turn has come. It also bounds the memory
 * that hashing takes, and leaves threads for other work: hashes and files share the four of Node's pool.
 */
const atOnce = 2;
/** Enough for a second or more of work; who comes later gives up anyway. */
const mayWait = 200;

/** One gate and one dummy hash for each hasher, which is one for each gateway. */
const checks = new WeakMap<PasswordHasher, { gate: Gate; dummy: Promise<string> }>();

function checksOf(hasher: PasswordHasher) {
  const known = checks.get(hasher) ?? {
    gate: createGate(atOnce, mayWait),
    dummy: hasher.hash(randomBytes(24).toString('base64url')),
  };
  checks.set(hasher, known);
  return known;
}

/** What is looked for when somebody signs in. No name holds NUL, and no storage can look for it. */
export const signInName = (text: string): string => foldText(text).replaceAll('\u0000', '\ufffd');

/** A name or email with what is to prove it, and where it comes from. */
export interface Claim {
  readonly name: string;
  readonly password: string;
  readonly address: string | null;
}

/**
 * The account of a name or email, when this is its password. An unknown name, a wrong password, an inactive account and
 * one without a password give the same answer in the same time.
 * @throws AuthenticationError, or ThrottledError after too many failures, also for the right password.
 */
export async function checkPassword(ctx: Context, { password, address, ...claim }: Claim): Promise<ProvenAccount> {
  const hasher = ctx.use(passwordHasher);
  const { gate, dummy } = checksOf(hasher);
  const name = signInName(claim.name);
  return gate.pass(async () => {
    const found = await ctx.use(accountStore).findForSignIn(name);
    const attempt: Attempt = { name, address, accountId: found?.account.id ?? null };
    await requireUnthrottled(ctx, attempt);
    const isRight = await hasher.verify(found?.passwordHash ?? (await dummy), password);
    if (found?.passwordHash && isRight && found.account.isActive && found.account.kind === 'HUMAN') {
      await forgetFailures(ctx, attempt);
      return found;
    }
    await countFailedAttempt(ctx, attempt);
    throw new AuthenticationError('Wrong name or password.');
  });
}
