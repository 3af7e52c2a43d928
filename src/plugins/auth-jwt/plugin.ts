import { z } from 'zod';
import { duration, keys } from '#kernel/config.ts';
import { credentialReaders } from '#kernel/viewer.ts';
import { issuerRules } from '#plugins/auth-jwt/issuer.ts';
import { createJwtReader } from '#plugins/auth-jwt/reader.ts';
import { definePlugin } from '#plugins/define.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { externalIdentityStore } from '#resolvers/platform/external-identities/external-identity.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';

export const authJwt = definePlugin({
  name: 'auth-jwt',
  version: '1.0.0',
  description: 'Accepts JSON Web Tokens of OpenID Connect issuers.',
  section: 'auth.jwt',
  config: keys({
    issuers: z
      .array(issuerRules)
      .default([])
      .refine(
        (issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length,
        'names an issuer twice.',
      )
      .describe(
        'Whose tokens count: `issuer`, `audience`, `jwksUri`, `algorithms` (asymmetric ones), `accountClaim`, `createAccounts`, `newAccountRoles`, `roleClaim`, `roleMap` (value of the claim → role).',
      ),
    skew: duration().prefault('60s').describe('How far the clocks of issuers may be off.'),
  }),
  uses: { accountStore, roleStore, externalIdentityStore },
  provides: [credentialReaders],
  setup({ config, provide, context }) {
    provide(credentialReaders, createJwtReader(config.issuers, config.skew, context));
    return undefined;
  },
});
