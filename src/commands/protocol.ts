import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type CarriedOptions, carriedOf, carriedOptions, carriedText } from '#commands/carried.ts';
import { misuse } from '#commands/failure.ts';
import { inSite, keyOf, siteKeyOf } from '#commands/keys.ts';
import { noun, type Shell } from '#commands/shell.ts';
import type { Terminal } from '#commands/terminal.ts';
import {
  addDelete,
  addList,
  addShow,
  changing,
  examples,
  given,
  named,
  type QueryOption,
  type SiteOption,
  type Thing,
} from '#commands/things.ts';

interface ProtocolRow {
  readonly id: string;
  readonly naturalKey: string;
  readonly site: { readonly name: string } | null;
  readonly type: { readonly name: string } | null;
  readonly device: { readonly hostname: string } | null;
  readonly interface: { readonly nameSlug: string } | null;
  readonly circuit: { readonly nameSlug: string } | null;
  readonly description: string;
  readonly hasAuthString: boolean;
  readonly attributes: Readonly<Record<string, string | readonly string[]>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const protocol: Thing<ProtocolRow> = {
  noun: 'protocol',
  type: 'Protocol',
  key: 'id',
  fields: `id naturalKey site { name } type { name } device { hostname } interface { nameSlug } circuit { nameSlug }
    description hasAuthString attributes createdAt updatedAt`,
  columns: [
    { head: 'TYPE', cell: ({ type }) => type?.name },
    { head: 'DEVICE', cell: ({ device }) => device?.hostname },
    { head: 'INTERFACE', cell: (row) => row.interface?.nameSlug },
    { head: 'CIRCUIT', cell: ({ circuit }) => circuit?.nameSlug },
    { head: 'SITE', cell: ({ site }) => site?.name },
    { head: 'ID', cell: ({ id }) => id },
  ],
  parts: (row) => [
    ['type', row.type?.name],
    ['device', row.device?.hostname],
    ['interface', row.interface?.nameSlug],
    ['circuit', row.circuit?.nameSlug],
    ['description', row.description],
    ['secret', row.hasAuthString ? 'yes' : 'no'],
    ['attributes', carriedText(row.attributes)],
    ['site', row.site?.name],
    ['created', row.createdAt],
    ['updated', row.updatedAt],
    ['id', row.id],
  ],
  naturalKey: ({ naturalKey, id }) => `${naturalKey} (${id})`,
};

interface Said extends SiteOption, CarriedOptions {
  readonly type?: string;
  readonly device?: string;
  readonly interface?: string;
  readonly circuit?: string;
  readonly description?: string;
  readonly authString?: string;
}

/** `none` stands for null. */
const optional = (key: (text: string) => object, text: string | undefined) =>
  text === undefined ? undefined : text === 'none' ? null : key(text);

/** What protocols refer to, in inputs and in filters. */
const partsOf = ({ type, device, interface: port, circuit, description }: Said) =>
  given({
    type: optional((text) => keyOf('ProtocolType', 'name', text), type),
    device: optional((text) => keyOf('Device', 'hostname', text), device),
    interface: optional((text) => keyOf('NetworkInterface', 'nameSlug', text), port),
    circuit: optional((text) => keyOf('Circuit', 'nameSlug', text), circuit),
    description,
  });

async function saying(options: Said, terminal: Terminal) {
  const authString = await readSecret(options.authString, terminal);
  return { ...partsOf(options), ...given({ attributes: carriedOf(options), authString }) };
}

/** Secrets come from a file or from standard input: a command line is seen by others on the machine. */
async function readSecret(file: string | undefined, terminal: Terminal): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const bytes =
    file === '-'
      ? await terminal.input()
      : await readFile(resolve(terminal.folder, file)).catch(({ message }: Error) => {
          throw misuse(`${file} cannot be read: ${message}`);
        });
  return new TextDecoder().decode(bytes).replace(/\r?\n$/, '');
}

const partOptions = (command: Command): Command =>
  carriedOptions(command)
    .option('--interface <slug>', 'an interface of the device, or none')
    .option('--circuit <slug>', 'a circuit with an end on the device, or none')
    .option('-d, --description <text>', 'free text')
    .option('--auth-string <file>', 'a file with its secret; - reads standard input');

const changeOf = async (key: string, options: Said, terminal: Terminal) => ({
  ...named(protocol as Thing<never>, key, options),
  ...(await saying(options, terminal)),
});

/** `gatehouse protocol …` */
export function protocolCommand(program: Command, shell: Shell): void {
  const protocols = noun(program, 'protocol', 'protocols that devices speak');
  partOptions(protocols.command('create <device>'))
    .description('create a protocol on a device')
    .requiredOption('--type <type>', 'its protocol type')
    .option('-s, --site <site>', 'the site to look for the device in')
    .addHelpText('after', examples('gatehouse protocol create sjc-r1 --type bgp --circuit c-1'))
    .action(
      changing<ProtocolRow, Said>(shell, protocol, 'create', async (device, options, terminal) => ({
        ...inSite(options.site),
        ...(await saying({ ...options, device }, terminal)),
      })),
    );
  partOptions(protocols.command('update <id>'))
    .description('change what is given of a protocol and leave the rest')
    .option('-s, --site <site>', 'the site to look in')
    .option('--type <type>', 'its protocol type')
    .option('--device <hostname>', 'the device that speaks it')
    .addHelpText('after', examples('gatehouse protocol update 0198… --auth-string - < secret.txt'))
    .action(changing<ProtocolRow, Said>(shell, protocol, 'update', changeOf));
  partOptions(protocols.command('replace <id>'))
    .description('set everything of a protocol that can change; what is not given gets its default')
    .option('-s, --site <site>', 'the site to look in')
    .requiredOption('--type <type>', 'its protocol type')
    .requiredOption('--device <hostname>', 'the device that speaks it')
    .addHelpText('after', examples('gatehouse protocol replace 0198… --type ospf --device sjc-r1'))
    .action(changing<ProtocolRow, Said>(shell, protocol, 'replace', changeOf));
  addDelete(protocols, shell, protocol, {
    description: 'delete a protocol',
    blockers: false,
    toInput: (key, options: SiteOption) => named(protocol as Thing<never>, key, options),
  })
    .option('-s, --site <site>', 'the site to look in')
    .addHelpText('after', examples('gatehouse protocol delete 0198…'));
  addList<ProtocolRow, Said & QueryOption>(protocols, shell, protocol, ({ site, query, ...options }) => ({
    ...(site !== undefined && { site: siteKeyOf(site) }),
    ...(query !== undefined && { query }),
    filter: partsOf(options),
  }))
    .option('-s, --site <site>', 'only of this site')
    .option('--type <type>', 'only of this type')
    .option('--device <hostname>', 'only those of this device')
    .option('--interface <slug>', 'only on this interface')
    .option('--circuit <slug>', 'only over this circuit')
    .option('-d, --description <text>', 'only with this description')
    .option('--query <query>', 'only those in the set of this query')
    .addHelpText('after', examples('gatehouse protocol list --site SJC --type bgp'));
  addShow(protocols, shell, protocol, true).addHelpText('after', examples('gatehouse protocol show 0198…'));
}
