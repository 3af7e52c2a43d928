import { type Algorithm, hash, type Options, verify } from '@node-rs/argon2';
import type { PasswordHasher } from '#resolvers/platform/sign-in/passwords.ts';

/** argon2id with the parameters that OWASP gives for it: 19 MiB, two passes, one lane. Works off the main thread. */
const options: Options = { algorithm: 2 satisfies Algorithm.Argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };

export const argon2Hasher: PasswordHasher = {
  hash: (password) => hash(password, options),
  async verify(kept, password) {
    try {
      return await verify(kept, password);
    } catch {
      // A hash that cannot be read is nobody's password.
      return false;
    }
  },
};
