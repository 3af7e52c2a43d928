import { z } from 'zod';
import { formatCidr, isHost, readCidr } from '#kernel/cidr.ts';
import { idText, line, oneKey, prose } from '#kernel/input.ts';
import { attributesInput, type GivenAttributes } from '#resolvers/network/attributes/check.ts';
import { deviceKey } from '#resolvers/network/devices/find.ts';
import { readMac } from '#resolvers/network/interfaces/mac.ts';
import { type NetworkSettings, perSettings } from '#resolvers/network/settings.ts';
import { siteKey } from '#resolvers/network/sites/find.ts';

export const interfaceKey = oneKey({
  id: idText,
  nameSlug: z.string('nameSlug must be a text.').normalize('NFC'),
});

/** A MAC address in any spelling; the value is upper-case hex with colons. */
export const macInput = z
  .union([z.string(), z.number()], 'macAddress must be a text or a whole number.')
  .transform((given, check) => {
    const mac = readMac(given);
    if (mac !== null) return mac;
    check.addIssue(
      `${String(given).slice(0, 100)} is no MAC address: give 12 hex digits, with or without : - or ., or a whole number below 2^48.`,
    );
    return z.NEVER;
  });

/** A host address in any spelling; the value is its canonical text. */
export const hostInput = z.string('An address must be a text.').transform((text, check) => {
  const read = readCidr(text);
  if ('fault' in read) check.addIssue(read.fault);
  else if (!isHost(read.value)) check.addIssue(`'${text}' is not a valid host address!`);
  else return formatCidr(read.value);
  return z.NEVER;
});

/** Whole numbers of the graph end here. */
const fastest = 2 ** 31 - 1;

const speedInput = z
  .int('speed must be a whole number.')
  .min(0, 'speed may not be negative.')
  .max(fastest, `speed may not be more than ${fastest}.`);

const typeInput = ({ interface: { types } }: NetworkSettings) =>
  z.int('type must be a whole number.').refine((type) => types.some(({ id }) => id === type), {
    error: ({ input }) => `${input} is no type of interfaces here. There are ${types.map(({ id }) => id).join(', ')}.`,
  });

const name = line('name', { min: 1, max: 255 });
const description = prose('description', { max: 255 });
const addresses = z.array(hostInput, 'addresses must be a list of texts.').transform((list) => [...new Set(list)]);

/** What can be said of an interface, each part as it comes when it is given. */
export const interfaceFields = (settings: NetworkSettings) => ({
  name,
  description,
  type: typeInput(settings),
  macAddress: macInput.nullable(),
  speed: speedInput.nullable(),
  parent: interfaceKey.nullable(),
  addresses,
  forceAddresses: z.boolean().nullish(),
  attributes: attributesInput,
});

/** The same with what holds where nothing is said. */
function withDefaults(settings: NetworkSettings) {
  const { defaultType, defaultMac, defaultSpeed } = settings.interface;
  const fields = interfaceFields(settings);
  return {
    ...fields,
    description: fields.description.default(''),
    type: fields.type.default(defaultType),
    macAddress: fields.macAddress.default(defaultMac),
    speed: fields.speed.default(defaultSpeed),
    parent: fields.parent.default(null),
    addresses: fields.addresses.default([]),
    attributes: fields.attributes.default({}),
  };
}

export const interfaceCreate = perSettings((settings) =>
  z.object({ site: siteKey.nullish(), device: deviceKey, ...withDefaults(settings) }),
);
export type Fresh = z.output<ReturnType<typeof interfaceCreate>>;

const reference = { site: siteKey.nullish(), by: interfaceKey };

export const interfaceUpdate = perSettings((settings) =>
  z.object({ ...reference, ...z.object(interfaceFields(settings)).partial().shape }),
);
export const interfaceReplace = perSettings((settings) => z.object({ ...reference, ...withDefaults(settings) }));
/** A change, as update and replace have it: what is undefined stays. */
export type Change = z.output<ReturnType<typeof interfaceUpdate>>;

interface Said {
  readonly description?: string | null;
  readonly type?: number | null;
  readonly macAddress?: string | number | null;
  readonly speed?: number | null;
  readonly parent?: z.input<typeof interfaceKey> | null;
  readonly addresses?: readonly string[] | null;
  readonly forceAddresses?: boolean | null;
  readonly attributes?: GivenAttributes | null;
}
interface Named {
  readonly site?: z.input<typeof siteKey> | null;
  readonly by: z.input<typeof interfaceKey>;
}
export type InterfaceCreate = Said & {
  readonly site?: z.input<typeof siteKey> | null;
  readonly device: z.input<typeof deviceKey>;
  readonly name: string;
};
export type InterfaceUpdate = Said & Named & { readonly name?: string | null };
export type InterfaceReplace = Said & Named & { readonly name: string };
