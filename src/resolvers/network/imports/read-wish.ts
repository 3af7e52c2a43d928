import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { GatehouseError } from '#kernel/errors.ts';
import { parse, sought } from '#kernel/input.ts';
import { attributesInput } from '#resolvers/network/attributes/check.ts';
import { resourceInput } from '#resolvers/network/attributes/find.ts';
import { attributeName, ruleFields } from '#resolvers/network/attributes/rules.ts';
import { circuitName } from '#resolvers/network/circuits/create.ts';
import { hostnameInput } from '#resolvers/network/devices/create.ts';
import { foldHostname } from '#resolvers/network/devices/hostname.ts';
import { failed, type SourceRow, type Verdict } from '#resolvers/network/imports/row.ts';
import type { Wish } from '#resolvers/network/imports/wish.ts';
import { interfaceFields } from '#resolvers/network/interfaces/input.ts';
import { readSlug } from '#resolvers/network/interfaces/interface.ts';
import { prefixFields, readPrefix, stateInput } from '#resolvers/network/networks/input.ts';
import { typeDescription, typeName } from '#resolvers/network/protocol-types/create.ts';
import { mostRequired } from '#resolvers/network/protocol-types/required.ts';
import { authStringInput } from '#resolvers/network/protocols/auth-string.ts';
import { protocolDescription } from '#resolvers/network/protocols/create.ts';
import { perSettings } from '#resolvers/network/settings.ts';
import { siteDescription, siteName } from '#resolvers/network/sites/create.ts';

const siteText = z.string('site must be the name of a Site.').normalize('NFC');

function row<Shape extends z.ZodRawShape>(noun: string, shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `${(issue.keys as string[]).join(', ')}: a ${noun} has no such field.`
        : undefined,
  });
}

/** In a Site, and carrying attributes. */
const carrier = { site: siteText, attributes: attributesInput.optional() };

/** What a row refers to, by its natural key. */
const named = (field: string) => sought(field);

const schemas = perSettings((settings) => ({
  SITE: row('site', { name: siteName, description: siteDescription.optional() }),
  ATTRIBUTE: row('attribute', {
    site: siteText,
    resource: resourceInput,
    name: attributeName.of(settings),
    ...ruleFields,
  }),
  PROTOCOL_TYPE: row('protocol type', {
    site: siteText,
    name: typeName,
    description: typeDescription.optional(),
    requiredAttributes: z
      .array(sought('A required attribute'), 'requiredAttributes must be a list of names.')
      .max(mostRequired, `A protocol type requires ${mostRequired} attributes at most.`)
      .transform((names) => [...new Set(names)].sort())
      .optional(),
  }),
  DEVICE: row('device', { ...carrier, hostname: hostnameInput.of(settings) }),
  NETWORK: row('network', { ...carrier, ...prefixFields, state: stateInput.optional() }).transform((given, check) =>
    readPrefix(given, check),
  ),
  INTERFACE: row('network interface', {
    ...carrier,
    device: named('device'),
    ...z.object(interfaceFields(settings)).omit({ attributes: true, forceAddresses: true }).partial().shape,
    name: interfaceFields(settings).name,
    parent: named('parent').nullable().optional(),
    forceAddresses: z.boolean('forceAddresses must be true or false.').optional(),
  }).transform(readParent),
  CIRCUIT: row('circuit', {
    ...carrier,
    endpointA: named('endpointA'),
    endpointZ: named('endpointZ').nullable().optional(),
    name: circuitName.optional(),
  }),
  PROTOCOL: row('protocol', {
    ...carrier,
    type: named('type'),
    device: named('device'),
    interface: named('interface').nullable().optional(),
    circuit: named('circuit').nullable().optional(),
    description: protocolDescription.optional(),
    authString: authStringInput.optional(),
  }),
}));

/** Puts the name of the parent in the place of its slug. */
function readParent<Given extends { readonly device: string; readonly parent?: string | null | undefined }>(
  given: Given,
  check: z.RefinementCtx,
): Given {
  if (given.parent == null) return given;
  const slug = readSlug(given.parent);
  if (slug && foldHostname(slug.hostname) === foldHostname(given.device)) return { ...given, parent: slug.name };
  const message = `The parent of an interface must be on the same device: give its slug, such as ${given.device}:ae0.`;
  check.addIssue({ code: 'custom', path: ['parent'], message });
  return z.NEVER;
}

/**
 * What a row asks for, or why it fails.
 * @param site the name of the Site for rows that name none.
 */
export function readWish(ctx: Context, source: SourceRow, site: string | null): Wish | Verdict {
  if (source.verdict) return source.verdict;
  const { kind, identity } = source;
  if (kind === 'UNKNOWN') throw new Error('A row without a kind has a verdict.');
  const located = kind !== 'SITE' && source.fields.site === undefined && site !== null;
  const fields = located ? { ...source.fields, site } : source.fields;
  try {
    const wish = parse(schemas(ctx)[kind] as z.ZodType<Omit<Wish, 'kind'>>, fields);
    return { kind, ...wish, ...(identity !== undefined && { identity }) } as Wish;
  } catch (error) {
    if (error instanceof GatehouseError) return failed(error);
    throw error;
  }
}
