import { z } from 'zod';
import { isNetwork } from '#kernel/addresses.ts';
import { keys } from '#kernel/config.ts';
import { egress } from '#kernel/egress.ts';
import { definePlugin } from '#plugins/define.ts';
import { createEgress } from '#plugins/egress/guard.ts';

/** A host name as it stands in a URL, without port. */
const hostName = /^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i;

const opened = () =>
  z
    .string()
    .refine(
      (text) => isNetwork(text) || (hostName.test(text) && !/^[\d.]+$/.test(text)),
      'is neither a host name nor an address or network such as 10.0.0.0/8.',
    );

export const egressPlugin = definePlugin({
  name: 'egress',
  version: '1.0.0',
  description: 'Requests to servers that users name, kept away from internal addresses.',
  section: 'hooks',
  config: keys({
    allow: z
      .array(opened())
      .default([])
      .describe(
        'Host names, addresses and networks that requests may go to although they are not public; http is allowed there.',
      ),
  }),
  provides: [egress],
  setup({ config, provide }) {
    provide(egress, createEgress(config.allow));
    return undefined;
  },
});
