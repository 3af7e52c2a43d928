import type { Command } from 'commander';
import { type CarriedOptions, carriedOf, carriedOptions, carriedText } from '#commands/carried.ts';
import { keyOf, siteKeyOf } from '#commands/keys.ts';
import { wholeNumber } from '#commands/listing.ts';
import { noun, type Shell } from '#commands/shell.ts';
import {
  addDelete,
  addList,
  addShow,
  changing,
  examples,
  given,
  named,
  type SiteOption,
  type Thing,
} from '#commands/things.ts';

interface InterfaceRow {
  readonly id: string;
  readonly nameSlug: string;
  readonly site: { readonly name: string } | null;
  readonly type: { readonly id: number; readonly name: string };
  readonly macAddress: string | null;
  readonly speed: number | null;
  readonly description: string;
  readonly parent: { readonly nameSlug: string } | null;
  readonly addresses: { readonly nodes: readonly { readonly cidr: string }[] };
  readonly attributes: Readonly<Record<string, string | readonly string[]>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const addressesOf = ({ addresses }: InterfaceRow): string => addresses.nodes.map(({ cidr }) => cidr).join(' ');

const networkInterface: Thing<InterfaceRow> = {
  noun: 'networkInterface',
  type: 'NetworkInterface',
  key: 'nameSlug',
  fields: `id nameSlug site { name } type { id name } macAddress speed description parent { nameSlug }
    addresses(first: 100) { nodes { cidr } } attributes createdAt updatedAt`,
  columns: [
    { head: 'INTERFACE', cell: ({ nameSlug }) => nameSlug },
    { head: 'TYPE', cell: ({ type }) => type.name },
    { head: 'MAC', cell: ({ macAddress }) => macAddress },
    { head: 'SPEED', cell: ({ speed }) => (speed === null ? null : String(speed)) },
    { head: 'ADDRESSES', cell: addressesOf },
    { head: 'SITE', cell: ({ site }) => site?.name },
  ],
  parts: (row) => [
    ['interface', row.nameSlug],
    ['site', row.site?.name],
    ['type', row.type.name],
    ['mac', row.macAddress],
    ['speed', row.speed === null ? null : String(row.speed)],
    ['parent', row.parent?.nameSlug],
    ['addresses', addressesOf(row)],
    ['description', row.description],
    ['attributes', carriedText(row.attributes)],
    ['created', row.createdAt],
    ['updated', row.updatedAt],
    ['id', row.id],
  ],
  naturalKey: ({ nameSlug }) => nameSlug,
};

/** What can be said of an interface. `none` stands for null. */
interface Said extends SiteOption, CarriedOptions {
  readonly name?: string;
  readonly description?: string;
  readonly type?: number;
  readonly mac?: string;
  readonly speed?: string;
  readonly parent?: string;
  readonly address?: readonly string[];
  readonly addresses?: boolean;
  readonly forceAddresses?: boolean;
}

const saying = (command: Command): Command =>
  carriedOptions(command)
    .option('-s, --site <site>', 'the site to look in')
    .option('--description <text>', 'free text')
    .option('--type <number>', 'the number of a type, as `networkInterfaceTypes` of the graph tells', wholeNumber)
    .option('--mac <address>', 'its MAC address, or none')
    .option('--speed <mbit>', 'in Mbit/s, or none')
    .option('--parent <interface>', 'the interface of the same device to hang below, or none')
    .option('--address <address...>', 'all its host addresses; missing ones are created')
    .option('--force-addresses', 'take reserved addresses too');

const orNull = (text: string | undefined) => (text === 'none' ? null : text);

function input({ name, description, type, mac, speed, parent, address, addresses, forceAddresses, ...carried }: Said) {
  const wanted = orNull(speed);
  return given({
    name,
    description,
    type,
    macAddress: orNull(mac),
    speed: wanted == null ? wanted : wholeNumber(wanted),
    parent: parent === undefined || parent === 'none' ? orNull(parent) : keyOf('NetworkInterface', 'nameSlug', parent),
    addresses: addresses === false ? [] : address,
    forceAddresses,
    attributes: carriedOf(carried),
  });
}

/** `gatehouse network-interface …` */
export function networkInterfaceCommand(program: Command, shell: Shell): void {
  const interfaces = noun(program, 'network-interface', 'interfaces: the ports of devices, and what behaves as one');
  saying(interfaces.command('create <interface>'))
    .description('create an interface on a device')
    .addHelpText(
      'after',
      examples(
        'gatehouse network-interface create sjc-r1:eth0 --site SJC --speed 10000 --address 10.1.2.3',
        'gatehouse network-interface create sjc-r1:ae0.0 --site SJC --parent sjc-r1:ae0',
      ),
    )
    .action(
      changing<InterfaceRow, Said>(shell, networkInterface, 'create', (slug, { site, ...options }) => {
        const colon = slug.indexOf(':');
        return given({
          ...input({ ...options, name: slug.slice(colon + 1) }),
          device: keyOf('Device', 'hostname', slug.slice(0, Math.max(colon, 0))),
          site: site === undefined ? undefined : siteKeyOf(site),
        });
      }),
    );
  const changed = (slug: string, options: Said) => ({
    ...named(networkInterface as Thing<never>, slug, options),
    ...input(options),
  });
  saying(interfaces.command('update <interface>'))
    .description('change what is given of an interface and leave the rest')
    .option('--name <new>', 'its new name')
    .option('--no-addresses', 'take all addresses from it')
    .addHelpText(
      'after',
      examples('gatehouse network-interface update sjc-r1:eth0 --speed none --mac 00:1c:73:2a:60:62'),
    )
    .action(changing<InterfaceRow, Said>(shell, networkInterface, 'update', changed));
  saying(interfaces.command('replace <interface>'))
    .description('set everything of an interface that can change; what is not given gets its default')
    .requiredOption('--name <name>', 'its name')
    .addHelpText('after', examples('gatehouse network-interface replace sjc-r1:eth0 --name eth0'))
    .action(changing<InterfaceRow, Said>(shell, networkInterface, 'replace', changed));
  addDelete(interfaces, shell, networkInterface, {
    description: 'delete an interface; its addresses stay, released',
    blockers: true,
    toInput: (slug, options: SiteOption) => named(networkInterface as Thing<never>, slug, options),
  })
    .option('-s, --site <site>', 'the site to look in')
    .addHelpText('after', examples('gatehouse network-interface delete sjc-r1:eth0 --site SJC'));
  addList<InterfaceRow, ListFilter>(interfaces, shell, networkInterface, toArguments)
    .option('-s, --site <site>', 'only of this site')
    .option('--device <hostname>', 'only of this device')
    .option('--mac <address>', 'only with this MAC address, in any spelling')
    .option('--type <number>', 'only of this type', wholeNumber)
    .option('--parent <interface>', 'only what hangs directly below this one')
    .addHelpText('after', examples('gatehouse network-interface list --site SJC --device sjc-r1'));
  addShow(interfaces, shell, networkInterface, true).addHelpText(
    'after',
    examples('gatehouse network-interface show sjc-r1:eth0'),
  );
}

interface ListFilter extends SiteOption {
  readonly device?: string;
  readonly mac?: string;
  readonly type?: number;
  readonly parent?: string;
}

const toArguments = ({ site, device, mac, type, parent }: ListFilter) => ({
  ...(site !== undefined && { site: siteKeyOf(site) }),
  filter: given({
    device: device === undefined ? undefined : keyOf('Device', 'hostname', device),
    macAddress: mac,
    type,
    parent: parent === undefined ? undefined : keyOf('NetworkInterface', 'nameSlug', parent),
  }),
});
