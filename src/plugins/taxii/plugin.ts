import { z } from 'zod';
import { group, keys, size } from '#kernel/config.ts';
import { definePlugin } from '#plugins/define.ts';
import { discoverySettings } from '#resolvers/threat/settings.ts';

/** The types of TAXII 1 status messages. */
const statusTypes = [
  'ASYNCHRONOUS_POLL_ERROR',
  'BAD_MESSAGE',
  'DENIED',
  'DESTINATION_COLLECTION_ERROR',
  'FAILURE',
  'INVALID_RESPONSE_PART',
  'NETWORK_ERROR',
  'NOT_FOUND',
  'PENDING',
  'POLLING_UNSUPPORTED',
  'RETRY',
  'SUCCESS',
  'UNAUTHORIZED',
  'UNSUPPORTED_MESSAGE',
  'UNSUPPORTED_CONTENT',
  'UNSUPPORTED_PROTOCOL',
  'UNSUPPORTED_QUERY',
] as const;

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
  provides: [discoverySettings],
  setup({ config, provide }) {
    provide(discoverySettings, config);
    return undefined;
  },
});
