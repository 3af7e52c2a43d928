import proxyaddr from 'proxy-addr';
import { z } from 'zod';
import { type ConfigSection, group, keys, size } from '#kernel/config.ts';

/** Addresses as IP addresses, CIDRs, or the names loopback, linklocal and uniquelocal. */
const addresses = () =>
  z.array(
    z.string().superRefine((text, check) => {
      try {
        proxyaddr.compile(text);
      } catch {
        check.addIssue(`"${text}" is no address: give an IP address, a CIDR, or loopback, linklocal or uniquelocal.`);
      }
    }),
  );

const origin = () =>
  z.string().superRefine((text, check) => {
    if (URL.canParse(text) && new URL(text).origin === text) return;
    check.addIssue(`"${text}" is no origin: give scheme, host and port, such as https://console.example.org.`);
  });

/** The section `http`. */
const httpConfig = keys({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('The address to listen on. Only this machine reaches the default; 0.0.0.0 or :: is every interface.'),
  port: z.number().int().min(0).max(65_535).default(4000).describe('The port to listen on; 0 takes any free one.'),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('How clients reach the gateway, where a proxy changes scheme, host or port.'),
  maxBodyBytes: size()
    .prefault('16MiB')
    .describe('The largest body of a request. Doors of plugins may have their own.'),
  allowedOrigins: z
    .array(origin())
    .default([])
    .describe('Web pages of other origins that may call the gateway, with the cookie of the viewer.'),
  trustedProxies: addresses()
    .default([])
    .describe(
      'Whose X-Forwarded-For, -Proto and -Host are believed: addresses, CIDRs, or loopback, linklocal, uniquelocal.',
    ),
});

/** The section `graphql`. */
const graphqlConfig = keys({
  limits: group({
    depth: z.number().int().min(1).default(15).describe('The most levels of fields. Introspection is exempt.'),
    cost: z
      .number()
      .int()
      .min(1)
      .default(50_000)
      .describe(
        'The most objects that an operation may ask for: each counts 1, times the page size of every list above it.',
      ),
    aliases: z
      .number()
      .int()
      .min(0)
      .default(50)
      .describe('The most aliases; a field named twice in one selection counts as one.'),
    rootFields: z.number().int().min(1).default(20).describe('The most fields at the root of an operation.'),
    tokens: z.number().int().min(1).default(5000).describe('The most tokens of a document.'),
    batch: z
      .number()
      .int()
      .min(1)
      .default(1)
      .describe('The most operations in one request over HTTP; 1 is no batches.'),
  }),
  introspection: z.enum(['signed-in', 'always', 'never']).default('signed-in').describe('Who may read the schema.'),
  graphiql: z.boolean().default(true).describe('Whether GET /graphql shows GraphiQL to browsers.'),
  trustedDocuments: group({
    file: z
      .string()
      .optional()
      .describe('A JSON file of documents by their SHA-256 or another id, which clients send in place of the text.'),
    only: z.boolean().default(false).describe('Whether every other document is refused, on every transport.'),
  })
    .refine(({ file, only }) => file !== undefined || !only, 'only refuses everything when no file is given.')
    .describe('Documents known beforehand.'),
});

/** The section `metrics`, as far as the door reads it. */
const metricsConfig = keys({
  addresses: addresses()
    .default(['loopback'])
    .describe('Who may read /metrics without the permission system:read, by address.'),
});

export type HttpConfig = z.output<typeof httpConfig>;
export type GraphqlConfig = z.output<typeof graphqlConfig>;
export type MetricsConfig = z.output<typeof metricsConfig>;

/** The sections of the doors. */
export const doorSections: readonly ConfigSection[] = [
  { path: 'http', owner: 'http', schema: httpConfig },
  { path: 'graphql', owner: 'http', schema: graphqlConfig },
  { path: 'metrics', owner: 'http', schema: metricsConfig },
];
