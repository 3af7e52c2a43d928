import { z } from 'zod';
import { keys } from '#kernel/config.ts';

/** Signatures that only the issuer can make. With `none` or HS* whoever may check a token could make one. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const keySetUri = () =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
      'is no URL of a JSON Web Key Set.',
    );

/** One issuer of tokens, and what its tokens mean here. */
export const issuerRules = keys({
  issuer: z.string().min(1),
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  jwksUri: keySetUri(),
  algorithms: z.array(z.enum(algorithms)).min(1).default(['RS256', 'ES256', 'EdDSA']),
  /** Where the email of the person stands. */
  accountClaim: z.string().min(1).default('email'),
  createAccounts: z.boolean().default(false),
  newAccountRoles: z.array(z.string()).default(['standard']),
  /** A claim that holds a text or a list of texts; with `roleMap` they become roles while the token is good. */
  roleClaim: z.string().min(1).optional(),
  roleMap: z.record(z.string(), z.string()).default({}),
});

export type IssuerRules = z.output<typeof issuerRules>;
