import { z } from 'zod';
import { networkText } from '#kernel/addresses.ts';
import { keys } from '#kernel/config.ts';
import { metrics } from '#kernel/metrics.ts';
import { credentialReaders } from '#kernel/viewer.ts';
import { createProxyReader } from '#plugins/auth-proxy/reader.ts';
import { definePlugin } from '#plugins/define.ts';
import { accountStore } from '#resolvers/platform/accounts/account.ts';
import { roleStore } from '#resolvers/platform/roles/role.ts';

export const authProxy = definePlugin({
  name: 'auth-proxy',
  version: '1.0.0',
  description: 'Believes a proxy that signs people in and names them in a header.',
  section: 'auth.proxy',
  config: keys({
    header: z
      .string()
      .regex(/^[A-Za-z0-9-]+$/, 'is no name of a header.')
      .default('X-NSoT-Email')
      .describe('The header in which the proxy names the person by email.'),
    addresses: z
      .array(networkText())
      .default([])
      .describe('Where such proxies connect from: addresses or networks. Empty: the header is never read.'),
    createAccounts: z.boolean().default(true).describe('Whether a person without an account gets one.'),
    newAccountRoles: z.array(z.string()).default(['standard']).describe('Roles of such an account.'),
  }),
  uses: { accountStore, roleStore, metrics },
  provides: [credentialReaders],
  setup({ config, ports, provide, context }) {
    const ignored = ports.metrics.counter({
      name: 'auth_untrusted_proxy_total',
      help: 'Requests that named a person in the header of the proxy and did not come from one.',
    });
    provide(
      credentialReaders,
      createProxyReader(
        config,
        () => context(),
        () => ignored.add({}),
      ),
    );
    return undefined;
  },
});
