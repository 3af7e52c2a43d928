import { definePort } from '#kernel/port.ts';

/** How often a password may be wrong within a window before attempts have to wait. */
export interface ThrottleRules {
  readonly perPair: number;
  readonly perName: number;
  readonly perAddress: number;
  /** Milliseconds. */
  readonly window: number;
}

/** What the config says of passwords. */
export interface SignInRules {
  readonly passwordMinLength: number;
  readonly throttle: ThrottleRules;
}

export const signInRules = definePort<SignInRules>('platform.signInRules');

/** What the config says of accounts. */
export interface AccountRules {
  /** Names of the roles that an account gets when its maker gives none. */
  readonly defaultRoles: readonly string[];
}

export const accountRules = definePort<AccountRules>('platform.accountRules');
