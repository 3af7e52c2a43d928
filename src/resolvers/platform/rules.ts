import { definePort } from '#kernel/port.ts';

/** How often a password, or a secret key, may be wrong within a window before attempts have to wait. */
export interface ThrottleRules {
  readonly perPair: number;
  readonly perName: number;
  readonly perAddress: number;
  /** Milliseconds. */
  readonly window: number;
}

/** What the config says of passwords that come with every request. */
export interface BasicRules {
  readonly enabled: boolean;
  /** Milliseconds for which a right password is remembered. */
  readonly cache: number;
}

/** What the config says of passwords. */
export interface SignInRules {
  readonly passwordMinLength: number;
  readonly throttle: ThrottleRules;
  readonly basic: BasicRules;
  /** Milliseconds for which a token that was mailed is good. */
  readonly resetLife: number;
}

export const signInRules = definePort<SignInRules>('platform.signInRules');

/** What the config says of accounts. */
export interface AccountRules {
  /** Names of the roles that an account gets when its maker gives none. */
  readonly defaultRoles: readonly string[];
}

export const accountRules = definePort<AccountRules>('platform.accountRules');
