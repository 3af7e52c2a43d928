import { defineManyPort } from '#kernel/port.ts';

/** Whom a provider of access is asked about. */
export interface AccessHolder {
  /** Row id of the account. */
  readonly id: string;
  readonly name: string;
}

/**
 * Hands out access to databases of other systems: one token for each account. What an account may have is said here, by
 * `access:use@<protocol>/<database>`; a provider makes it so there. Every method may be called again with the same values.
 */
export interface AccessProvider {
  /** The first part of permissions: `mongodb`. No other provider has it. */
  readonly protocol: string;
  /** The databases that it could open to this account. */
  offers(account: AccessHolder): Promise<readonly string[]>;
  /** A token for these databases, in place of the one before. It is shown to the account once, and kept nowhere here. */
  create(account: AccessHolder, databases: readonly string[]): Promise<string>;
  /** Leaves the token as it is and narrows it to these databases. A token of a provider that cannot is revoked. */
  narrow?(account: AccessHolder, databases: readonly string[]): Promise<void>;
  /** From now on the token opens nothing. */
  revoke(account: AccessHolder): Promise<void>;
}

export const accessProviders = defineManyPort<AccessProvider>('accessProvider');
