import { networkText } from 'gatehouse/kernel/addresses';
import { duration, keys } from 'gatehouse/kernel/config';
import { credentialReaders } from 'gatehouse/kernel/viewer';
import { definePlugin } from 'gatehouse/plugins/define';
import { z } from 'zod';
import { createHeaderReader } from './reader.ts';

export const plugin = definePlugin({
  name: 'auth-header',
  version: '1.0.0',
  description: 'Signs people in by a header that a proxy sets.',
  config: keys({
    header: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/, 'must be in lower case.')
      .default('x-forwarded-user')
      .describe('The header with the name of the account.'),
    proxies: z.array(networkText()).default(['127.0.0.1', '::1']).describe('Whose header is believed, by address.'),
    create: z.boolean().default(false).describe('Whether an account is made for a name that has none.'),
    roles: z.array(z.string()).default([]).describe('Roles of the accounts that are made.'),
    life: duration().prefault('12h').describe('How long a socket or a stream stays open on one sign-in.'),
  }),
  provides: [credentialReaders],
  setup({ config, provide, context }) {
    provide(credentialReaders, createHeaderReader(config, context));
    return undefined;
  },
});
