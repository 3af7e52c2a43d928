import type { Command } from 'commander';
import { type CarriedOptions, carriedOf } from '#commands/carried.ts';
import { keyOf } from '#commands/keys.ts';
import { wholeNumber } from '#commands/listing.ts';
import { noun, type Shell } from '#commands/shell.ts';
import { given, type Kept, orNone, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface InterfaceRow extends Kept {
  readonly nameSlug: string;
  readonly site: { readonly name: string } | null;
  readonly type: { readonly id: number; readonly name: string };
  readonly macAddress: string | null;
  readonly speed: number | null;
  readonly description: string;
  readonly parent: { readonly nameSlug: string } | null;
  readonly addresses: { readonly nodes: readonly { readonly cidr: string }[] };
}

const addressesOf = ({ addresses }: InterfaceRow): string => addresses.nodes.map(({ cidr }) => cidr).join(' ');

const networkInterface: Thing<InterfaceRow> = {
  noun: 'networkInterface',
  type: 'NetworkInterface',
  key: 'nameSlug',
  word: 'interface',
  site: 'follows',
  carries: true,
  fields: `nameSlug site { name } type { id name } macAddress speed description parent { nameSlug }
    addresses(first: 100) { nodes { cidr } }`,
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
  ],
  naturalKey: ({ nameSlug }) => nameSlug,
};

/** What can be said of an interface. `none` stands for null. */
interface Said extends SiteOption, CarriedOptions {
  readonly device?: string;
  readonly name?: string;
  readonly description?: string;
  readonly type?: number;
  readonly mac?: string;
  readonly speed?: number | 'none';
  readonly parent?: string;
  readonly address?: readonly string[];
  readonly addresses?: boolean;
  readonly forceAddresses?: boolean;
}

const options = (command: Command): Command =>
  command
    .option('-d, --description <text>', 'free text')
    .option('--type <number>', 'the number of a type, as `networkInterfaceTypes` of the graph tells', wholeNumber)
    .option('--mac <address>', 'its MAC address, or none')
    .option('--speed <mbit>', 'in Mbit/s, or none', (text) => (text === 'none' ? text : wholeNumber(text)))
    .option('--parent <interface>', 'the interface of the same device to hang below, or none')
    .option('--address <address...>', 'all its host addresses; missing ones are created')
    .option('--force-addresses', 'take reserved addresses too');

/** What interfaces have, in inputs and in filters. */
const partsOf = ({ device, name, description, type, mac, speed, parent }: Said) =>
  given({
    device: orNone(device, (text) => keyOf('Device', 'hostname', text)),
    name,
    description,
    type,
    macAddress: orNone(mac, (text) => text),
    speed: speed === 'none' ? null : speed,
    parent: orNone(parent, (text) => keyOf('NetworkInterface', 'nameSlug', text)),
  });

const inputOf = ({ address, addresses, forceAddresses, ...said }: Said) => ({
  ...partsOf(said),
  ...given({ addresses: addresses === false ? [] : address, forceAddresses, attributes: carriedOf(said) }),
});

/** `sjc-r1:eth0`: everything behind the first colon is its name. */
function slugParts(slug: string) {
  const colon = slug.indexOf(':');
  return { device: slug.slice(0, Math.max(colon, 0)), name: slug.slice(colon + 1) };
}

/** `gatehouse network-interface …` */
export function networkInterfaceCommand(program: Command, shell: Shell): void {
  const interfaces = noun(program, 'network-interface', 'interfaces: the ports of devices, and what behaves as one');
  addVerbs<InterfaceRow, Said>(interfaces, shell, networkInterface, {
    options,
    input: inputOf,
    create: {
      description: 'create an interface on a device',
      word: 'interface',
      first: slugParts,
      examples: [
        'gatehouse network-interface create sjc-r1:eth0 --site SJC --speed 10000 --address 10.1.2.3',
        'gatehouse network-interface create sjc-r1:ae0.0 --site SJC --parent sjc-r1:ae0',
      ],
    },
    update: {
      options: (command) =>
        command.option('--name <new>', 'its new name').option('--no-addresses', 'take all addresses from it'),
      examples: ['gatehouse network-interface update sjc-r1:eth0 --speed none --mac 00:1c:73:2a:60:62'],
    },
    replace: {
      options: (command) => command.requiredOption('--name <name>', 'its name'),
      examples: ['gatehouse network-interface replace sjc-r1:eth0 --name eth0'],
    },
    delete: {
      description: 'delete an interface; its addresses stay, released',
      blockers: true,
      examples: ['gatehouse network-interface delete sjc-r1:eth0 --site SJC'],
    },
    list: {
      filter: partsOf,
      options: (command) =>
        command
          .option('--device <hostname>', 'only of this device')
          .option('--name <name>', 'only with this name')
          .option('-d, --description <text>', 'only with this description')
          .option('--mac <address>', 'only with this MAC address, in any spelling')
          .option('--speed <mbit>', 'only of this speed', wholeNumber)
          .option('--type <number>', 'only of this type', wholeNumber)
          .option('--parent <interface>', 'only what hangs directly below this one'),
      examples: [
        'gatehouse network-interface list --site SJC --device sjc-r1',
        "gatehouse network-interface list --site SJC --query 'role=uplink'",
      ],
    },
    show: { examples: ['gatehouse network-interface show sjc-r1:eth0'] },
  });
}
