import type { Command } from 'commander';
import { type CarriedOptions, carriedOf, carriedOptions, carriedText } from '#commands/carried.ts';
import { inSite, keyOf, siteKeyOf } from '#commands/keys.ts';
import { noun, type Shell } from '#commands/shell.ts';
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

interface CircuitRow {
  readonly id: string;
  readonly name: string;
  readonly nameSlug: string;
  readonly site: { readonly name: string } | null;
  readonly endpointA: { readonly nameSlug: string } | null;
  readonly endpointZ: { readonly nameSlug: string } | null;
  readonly attributes: Readonly<Record<string, string | readonly string[]>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

const circuit: Thing<CircuitRow> = {
  noun: 'circuit',
  type: 'Circuit',
  key: 'nameSlug',
  fields: 'id name nameSlug site { name } endpointA { nameSlug } endpointZ { nameSlug } attributes createdAt updatedAt',
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
    ['attributes', carriedText(row.attributes)],
    ['created', row.createdAt],
    ['updated', row.updatedAt],
    ['id', row.id],
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

const endOf = (text: string | undefined) => (text === undefined ? undefined : text === 'none' ? null : portKeyOf(text));

const saying = ({ endpointA, endpointZ, name, ...carried }: Said) =>
  given({ endpointA: endOf(endpointA), endpointZ: endOf(endpointZ), name, attributes: carriedOf(carried) });

const changeOf = (key: string, options: Said) => ({
  ...named(circuit as Thing<never>, key, options),
  ...saying(options),
});

/** `gatehouse circuit …` */
export function circuitCommand(program: Command, shell: Shell): void {
  const circuits = noun(program, 'circuit', 'circuits: what joins two interfaces');
  carriedOptions(circuits.command('create <endpoint-a>'))
    .description('create a circuit between two interfaces, or from one to somewhere else')
    .option('-s, --site <site>', 'the site to look for the interfaces in')
    .option('--endpoint-z <interface>', 'the interface that it ends at')
    .option('--name <name>', 'its name; what follows from its ends unless given')
    .addHelpText('after', examples('gatehouse circuit create sjc-r1:eth0 --endpoint-z sjc-r2:eth0'))
    .action(
      changing<CircuitRow, Said>(shell, circuit, 'create', (endpointA, options) => ({
        ...inSite(options.site),
        ...saying({ ...options, endpointA }),
      })),
    );
  carriedOptions(circuits.command('update <slug>'))
    .description('change what is given of a circuit and leave the rest')
    .option('-s, --site <site>', 'the site to look in')
    .option('--endpoint-a <interface>', 'the interface that it begins at')
    .option('--endpoint-z <interface>', 'the interface that it ends at, or none')
    .option('--name <new>', 'its new name')
    .addHelpText('after', examples('gatehouse circuit update old-name --name new-name'))
    .action(changing<CircuitRow, Said>(shell, circuit, 'update', changeOf));
  carriedOptions(circuits.command('replace <slug>'))
    .description('set everything of a circuit that can change; what is not given gets its default')
    .option('-s, --site <site>', 'the site to look in')
    .requiredOption('--endpoint-a <interface>', 'the interface that it begins at')
    .option('--endpoint-z <interface>', 'the interface that it ends at')
    .option('--name <name>', 'its name; what follows from its ends unless given')
    .addHelpText('after', examples('gatehouse circuit replace c-1 --endpoint-a sjc-r1:eth0 --endpoint-z sjc-r2:eth0'))
    .action(changing<CircuitRow, Said>(shell, circuit, 'replace', changeOf));
  addDelete(circuits, shell, circuit, {
    description: 'delete a circuit with the protocols that run over it',
    blockers: false,
    toInput: (key, options: SiteOption) => named(circuit as Thing<never>, key, options),
  })
    .option('-s, --site <site>', 'the site to look in')
    .addHelpText('after', examples('gatehouse circuit delete c-1 --site SJC'));
  addList<CircuitRow, Said & QueryOption>(circuits, shell, circuit, ({ site, endpointA, endpointZ, name, query }) => ({
    ...(site !== undefined && { site: siteKeyOf(site) }),
    ...(query !== undefined && { query }),
    filter: given({ endpointA: endOf(endpointA), endpointZ: endOf(endpointZ), name }),
  }))
    .option('-s, --site <site>', 'only of this site')
    .option('--endpoint-a <interface>', 'only what begins at this interface')
    .option('--endpoint-z <interface>', 'only what ends at this interface')
    .option('--name <name>', 'only with this name')
    .option('--query <query>', 'only those in the set of this query')
    .addHelpText('after', examples("gatehouse circuit list --site SJC --query 'vendor=acme -state=planned'"));
  addShow(circuits, shell, circuit, true).addHelpText('after', examples('gatehouse circuit show c-1'));
}
