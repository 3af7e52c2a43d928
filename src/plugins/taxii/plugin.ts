import { z } from 'zod';
import { group, keys, size } from '#kernel/config.ts';
import { definePlugin } from '#plugins/define.ts';
import { taxii1Doors } from '#plugins/taxii/taxii1/door.ts';
import { statusTypes } from '#plugins/taxii/taxii1/version.ts';
import { taxii2Door } from '#plugins/taxii/taxii2/door.ts';
import { servicePaths } from '#resolvers/threat/services/address.ts';
import { serviceStore } from '#resolvers/threat/services/service.ts';
import { discoverySettings, threatSettings } from '#resolvers/threat/settings.ts';

const text = () => z.string().min(1).nullable().default(null);

export const taxii = definePlugin({
  name: 'taxii',
  version: '1.0.0',
  description: 'The doors for clients of TAXII 2.1 and TAXII 1.',
  config: keys({
    title: z.string().min(1).default('Gatehouse').describe('How the discovery calls this gateway.'),
    description: text().describe('What the discovery says of it.'),
    contact: text().describe('Whom the discovery names to turn to.'),
    publicDiscovery: z.boolean().default(true).describe('Whether the discovery is told without a credential.'),
    taxii2: group({ enabled: z.boolean().default(true).describe('Whether TAXII 2.1 is served, at `/taxii2/`.') }),
    taxii1: group({
      enabled: z.boolean().default(true).describe('Whether TAXII 1.0 and 1.1 are served.'),
      pathPrefixes: z
        .array(z.string().regex(/^\/(?:[A-Za-z0-9._~-]+\/)+$/, 'is no path such as /services/.'))
        .default(() => ['/services/'])
        .describe('The paths below which addresses of services may lie.'),
      unauthorizedStatus: z
        .enum(statusTypes)
        .default('UNAUTHORIZED')
        .describe('The type of the status message for a credential that is missing or refused.'),
      maxBlockBytes: size().prefault('64MiB').describe('The most bytes of the content of one block.'),
      maxDepth: z.number().int().min(16).default(128).describe('The most levels of elements of a message.'),
    }),
    returnServerErrorDetails: z
      .boolean()
      .default(false)
      .describe('Whether TAXII 1 clients are told why the server failed; for tests alone.'),
  }),
  uses: { serviceStore, threatSettings },
  provides: [discoverySettings, servicePaths],
  doors: (config) => [
    ...(config.taxii2.enabled ? [taxii2Door] : []),
    ...(config.taxii1.enabled ? taxii1Doors(config) : []),
  ],
  setup({ config, provide }) {
    provide(discoverySettings, config);
    provide(servicePaths, { prefixes: config.taxii1.pathPrefixes });
    return undefined;
  },
});
