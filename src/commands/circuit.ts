import type { Command } from 'commander';
import { type CarriedOptions, carriedOf } from '#commands/carried.ts';
import { keyOf } from '#commands/keys.ts';
import { noun, type Shell } from '#commands/shell.ts';
import { given, type Kept, orNone, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface CircuitRow extends Kept {
  readonly name: string;
  readonly nameSlug: string;
  readonly site: { readonly name: string } | null;
  readonly endpointA: { readonly nameSlug: string } | null;
  readonly endpointZ: { readonly nameSlug: string } | null;
}

const circuit: Thing<CircuitRow> = {
  noun: 'circuit',
  type: 'Circuit',
  key: 'nameSlug',
  word: 'slug',
  site: 'follows',
  carries: true,
  fields: 'name nameSlug site { name } endpointA { nameSlug } endpointZ { nameSlug }',
  columns: [
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'A', cell: ({ endpointA }) => endpointA?.nameSlug },
    { head: 'Z', cell: ({ endpointZ }) => endpointZ?.nameSlug },
    { head: 'SITE', cell: ({ site }) => site?.name },
  ],
  parts: (row) => [
    ['name', row.name],
    ['slug', row.nameSlug],
    ['site', row.site?.name],
    ['A', row.endpointA?.nameSlug],
    ['Z', row.endpointZ?.nameSlug],
  ],
  naturalKey: ({ nameSlug }) => nameSlug,
};

interface Said extends SiteOption, CarriedOptions {
  readonly endpointA?: string;
  /** `none` where it is to have none. */
  readonly endpointZ?: string;
  readonly name?: string;
}

const portKeyOf = (text: string) => keyOf('NetworkInterface', 'nameSlug', text);

const partsOf = ({ endpointA, endpointZ, name }: Said) =>
  given({ endpointA: orNone(endpointA, portKeyOf), endpointZ: orNone(endpointZ, portKeyOf), name });

/** `gatehouse circuit …` */
export function circuitCommand(program: Command, shell: Shell): void {
  addVerbs<CircuitRow, Said>(noun(program, 'circuit', 'circuits: what joins two interfaces'), shell, circuit, {
    options: (command) =>
      command
        .option('--endpoint-z <interface>', 'the interface that it ends at, or none')
        .option('--name <name>', 'its name; a new circuit is named after its ends'),
    input: ({ endpointA, endpointZ, name, ...carried }) => ({
      ...partsOf({ endpointA, endpointZ, name }),
      ...given({ attributes: carriedOf(carried) }),
    }),
    create: {
      description: 'create a circuit between two interfaces, or from one to somewhere else',
      word: 'endpoint-a',
      first: (endpointA) => ({ endpointA }),
      examples: ['gatehouse circuit create sjc-r1:eth0 --endpoint-z sjc-r2:eth0'],
    },
    update: {
      options: (command) => command.option('--endpoint-a <interface>', 'the interface that it begins at'),
      examples: ['gatehouse circuit update old-name --name new-name'],
    },
    replace: {
      options: (command) => command.requiredOption('--endpoint-a <interface>', 'the interface that it begins at'),
      examples: ['gatehouse circuit replace c-1 --endpoint-a sjc-r1:eth0 --endpoint-z sjc-r2:eth0'],
    },
    delete: {
      description: 'delete a circuit with the protocols that run over it',
      blockers: false,
      examples: ['gatehouse circuit delete c-1 --site SJC'],
    },
    list: {
      filter: partsOf,
      options: (command) =>
        command
          .option('--endpoint-a <interface>', 'only what begins at this interface')
          .option('--endpoint-z <interface>', 'only what ends at this interface')
          .option('--name <name>', 'only with this name'),
      examples: ["gatehouse circuit list --site SJC --query 'vendor=acme -state=planned'"],
    },
    show: { examples: ['gatehouse circuit show c-1'] },
  });
}
