import { z } from 'zod';
import { line, oneKey } from '#kernel/input.ts';
import { contentBindings } from '#resolvers/threat/content-blocks/binding.ts';
import { flag, optionalText } from '#resolvers/threat/input.ts';
import { addressInput, baseUrlInput } from '#resolvers/threat/services/address.ts';
import { protocolBindings, type ServiceKind, type TaxiiService } from '#resolvers/threat/services/service.ts';

const between = (name: string, most: number) => {
  const message = `${name} must be a whole number between 1 and ${most}.`;
  return z.int(message).min(1, message).max(most, message);
};

/**
 * What services of all kinds are given. Absent ones are left to who asks: they stay, or become their defaults.
 * @param prefixes under which paths are served.
 */
export const serviceFields = (prefixes: readonly string[]) => ({
  serviceId: line('serviceId', { min: 1, max: 150 }),
  address: addressInput(prefixes),
  description: optionalText('description').optional(),
  protocolBindings: z
    .array(
      z.enum(protocolBindings, `A protocol binding is ${protocolBindings.join(' or ')}.`),
      'protocolBindings must be a list.',
    )
    .transform((list) => [...new Set(list)])
    .optional(),
  available: flag('available').optional(),
  authenticationRequired: flag('authenticationRequired').optional(),
  baseUrl: z.preprocess((given) => (given === '' ? null : given), baseUrlInput.nullable()).optional(),
});

const noSuch = (kind: string) => `${kind} services have no such property.`;

/** What each kind is given of its own, by the name that inputs have for it. What no such service has is refused. */
export const ownFields = {
  discovery: z.strictObject(
    {
      advertisedServices: z
        .array(line('An advertised service id', { min: 1, max: 150 }), 'advertisedServices must be a list.')
        .max(1000, 'Advertise 1,000 services at most.')
        .transform((list) => [...new Set(list)])
        .optional(),
    },
    noSuch('Discovery'),
  ),
  inbox: z.strictObject(
    {
      acceptAllContent: flag('acceptAllContent').optional(),
      destinationCollectionRequired: flag('destinationCollectionRequired').optional(),
      supportedContent: contentBindings.optional(),
    },
    noSuch('Inbox'),
  ),
  poll: z.strictObject(
    {
      subscriptionRequired: flag('subscriptionRequired').optional(),
      maxResultSize: between('maxResultSize', 10_000).optional(),
      maxResultCount: between('maxResultCount', 2 ** 31 - 1).optional(),
    },
    noSuch('Poll'),
  ),
  collectionManagement: z.strictObject(
    {
      subscriptionSupported: flag('subscriptionSupported').optional(),
      subscriptionMessage: optionalText('subscriptionMessage').optional(),
    },
    noSuch('Collection management'),
  ),
};
export type KindName = keyof typeof ownFields;

export const kindInput = oneKey(ownFields);
type Kind = z.output<typeof kindInput>;

/** The kinds by the names that inputs have for them. */
export const kindNames: Readonly<Record<KindName, ServiceKind>> = {
  discovery: 'DISCOVERY',
  inbox: 'INBOX',
  poll: 'POLL',
  collectionManagement: 'COLLECTION_MANAGEMENT',
};

/** The kind that an input is for, and what it says of its own. */
export function splitKind(given: Kind): { readonly kind: ServiceKind; readonly own: object } {
  const [name, own] = Object.entries(given)[0] as [KindName, object];
  return { kind: kindNames[name], own };
}

/** What a service is of which nothing is said. */
export const serviceDefaults = {
  description: null,
  protocolBindings: [],
  available: true,
  authenticationRequired: false,
  baseUrl: null,
} as const satisfies Partial<TaxiiService>;

/** The same of what its kind has of its own. */
export const ownDefaults: Readonly<Record<ServiceKind, object>> = {
  DISCOVERY: { advertisedServices: [] },
  INBOX: { acceptAllContent: false, destinationCollectionRequired: false, supportedContent: [] },
  POLL: { subscriptionRequired: false, maxResultSize: 1000, maxResultCount: 10_000_000 },
  COLLECTION_MANAGEMENT: { subscriptionSupported: true, subscriptionMessage: null },
};
