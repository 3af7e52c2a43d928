import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type CarriedOptions, carriedOf } from '#commands/carried.ts';
import { misuse } from '#commands/failure.ts';
import { keyOf } from '#commands/keys.ts';
import { noun, type Shell } from '#commands/shell.ts';
import type { Terminal } from '#commands/terminal.ts';
import { given, type Kept, orNone, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface ProtocolRow extends Kept {
  readonly naturalKey: string;
  readonly site: { readonly name: string } | null;
  readonly type: { readonly name: string } | null;
  readonly device: { readonly hostname: string } | null;
  readonly interface: { readonly nameSlug: string } | null;
  readonly circuit: { readonly nameSlug: string } | null;
  readonly description: string;
  readonly hasAuthString: boolean;
}

const protocol: Thing<ProtocolRow> = {
  noun: 'protocol',
  type: 'Protocol',
  key: 'id',
  word: 'id',
  site: 'follows',
  carries: true,
  fields: `naturalKey site { name } type { name } device { hostname } interface { nameSlug } circuit { nameSlug }
    description hasAuthString`,
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
    ['site', row.site?.name],
    ['device', row.device?.hostname],
    ['interface', row.interface?.nameSlug],
    ['circuit', row.circuit?.nameSlug],
    ['description', row.description],
    ['secret', row.hasAuthString ? 'yes' : 'no'],
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

/** What protocols refer to, in inputs and in filters. */
const partsOf = ({ type, device, interface: port, circuit, description }: Said) =>
  given({
    type: orNone(type, (text) => keyOf('ProtocolType', 'name', text)),
    device: orNone(device, (text) => keyOf('Device', 'hostname', text)),
    interface: orNone(port, (text) => keyOf('NetworkInterface', 'nameSlug', text)),
    circuit: orNone(circuit, (text) => keyOf('Circuit', 'nameSlug', text)),
    description,
  });

async function inputOf(said: Said, terminal: Terminal) {
  const authString = await readSecret(said.authString, terminal);
  return { ...partsOf(said), ...given({ attributes: carriedOf(said), authString }) };
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

/** `gatehouse protocol …` */
export function protocolCommand(program: Command, shell: Shell): void {
  addVerbs<ProtocolRow, Said>(noun(program, 'protocol', 'protocols that devices speak'), shell, protocol, {
    options: (command) =>
      command
        .option('--interface <slug>', 'an interface of the device, or none')
        .option('--circuit <slug>', 'a circuit with an end on the device, or none')
        .option('-d, --description <text>', 'free text')
        .option('--auth-string <file>', 'a file with its secret; - reads standard input'),
    input: inputOf,
    create: {
      description: 'create a protocol on a device',
      word: 'device',
      first: (device) => ({ device }),
      options: (command) => command.requiredOption('--type <type>', 'its protocol type'),
      examples: ['gatehouse protocol create sjc-r1 --type bgp --circuit c-1'],
    },
    update: {
      options: (command) =>
        command.option('--type <type>', 'its protocol type').option('--device <hostname>', 'the device that speaks it'),
      examples: ['gatehouse protocol update 0198… --auth-string - < secret.txt'],
    },
    replace: {
      options: (command) =>
        command
          .requiredOption('--type <type>', 'its protocol type')
          .requiredOption('--device <hostname>', 'the device that speaks it'),
      examples: ['gatehouse protocol replace 0198… --type ospf --device sjc-r1'],
    },
    delete: { description: 'delete a protocol', blockers: false, examples: ['gatehouse protocol delete 0198…'] },
    list: {
      filter: partsOf,
      options: (command) =>
        command
          .option('--type <type>', 'only of this type')
          .option('--device <hostname>', 'only those of this device')
          .option('--interface <slug>', 'only on this interface')
          .option('--circuit <slug>', 'only over this circuit')
          .option('-d, --description <text>', 'only with this description'),
      examples: ['gatehouse protocol list --site SJC --type bgp'],
    },
    show: { examples: ['gatehouse protocol show 0198…'] },
  });
}
