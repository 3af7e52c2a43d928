import { type Command, Option } from 'commander';
import { addAllocate } from '#commands/allocation.ts';
import { type CarriedOptions, carriedOf } from '#commands/carried.ts';
import { exits } from '#commands/failure.ts';
import { inSite, keyOf } from '#commands/keys.ts';
import { wholeNumber } from '#commands/listing.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples, given, type Kept, type SiteOption, type Thing } from '#commands/things.ts';
import { addVerbs } from '#commands/verbs.ts';

interface NetworkRow extends Kept {
  readonly cidr: string;
  readonly state: string;
  readonly site: { readonly name: string } | null;
  readonly parent: { readonly cidr: string } | null;
  readonly utilization: { readonly text: string };
}

const network: Thing<NetworkRow> = {
  noun: 'network',
  type: 'Network',
  key: 'cidr',
  word: 'cidr',
  site: 'said',
  carries: true,
  fields: 'cidr state site { name } parent { cidr } utilization { text }',
  columns: [
    { head: 'CIDR', cell: ({ cidr }) => cidr },
    { head: 'STATE', cell: ({ state }) => state },
    { head: 'SITE', cell: ({ site }) => site?.name },
    { head: 'PARENT', cell: ({ parent }) => parent?.cidr },
  ],
  parts: (row) => [
    ['cidr', row.cidr],
    ['state', row.state],
    ['site', row.site?.name],
    ['parent', row.parent?.cidr],
    ['utilization', row.utilization.text],
  ],
  naturalKey: ({ cidr }) => cidr,
};

/** Enums are written small in commands and great in the graph. */
export const great = (word: string | undefined): string | undefined => word?.toUpperCase().replaceAll('-', '_');

export const stateOption = (description: string): Option =>
  new Option('--state <state>', description).choices(['allocated', 'assigned', 'reserved', 'orphaned']);

interface Said extends SiteOption, CarriedOptions {
  readonly cidr?: string;
  readonly state?: string;
}

interface ListFilter extends Said {
  readonly parent?: string;
  readonly ipVersion?: string;
  readonly prefixLength?: number;
  readonly roots?: boolean;
  readonly only?: string;
}

const ipVersionOption = () => new Option('--ip-version <version>', 'only of this version').choices(['4', '6']);

/** `gatehouse network …` */
export function networkCommand(program: Command, shell: Shell): void {
  const networks = noun(program, 'network', 'networks: subnets and host addresses, as a tree');
  addVerbs<NetworkRow, Said>(networks, shell, network, {
    options: (command) => command.addOption(stateOption('its state; a new or replaced one is allocated unless given')),
    input: ({ cidr, state, ...carried }) => given({ cidr, state: great(state), attributes: carriedOf(carried) }),
    create: {
      description: 'create a network or a host address at its place in the tree',
      word: 'cidr',
      first: (cidr) => ({ cidr }),
      examples: ['gatehouse network create 10.1.0.0/16 --site SJC --state reserved'],
    },
    update: { examples: ['gatehouse network update 10.1.0.0/16 --state reserved'] },
    replace: { examples: ['gatehouse network replace 10.1.0.0/16'] },
    delete: {
      description: 'delete a network',
      blockers: true,
      force: 'also with children, which go to its parent, or bound to interfaces',
      examples: ['gatehouse network delete 10.1.0.0/16 --force'],
    },
    list: {
      filter: filterOf,
      options: (command) =>
        command
          .option('--cidr <cidr>', 'only this prefix')
          .option('--parent <cidr>', 'only children of this network')
          .option('--roots', 'only those without a parent')
          .option('--prefix-length <length>', 'only of this length', wholeNumber)
          .addOption(stateOption('only in this state'))
          .addOption(ipVersionOption())
          .addOption(
            new Option('--only <what>', 'only networks, or only host addresses').choices(['networks', 'addresses']),
          ),
      examples: [
        'gatehouse network list --site SJC --parent 10.0.0.0/8',
        'gatehouse network list --roots --ip-version 6 --all --json',
      ],
    },
    show: { examples: ['gatehouse network show 10.1.0.0/16 --site SJC'] },
  });
  addAllocate(networks, shell);
  treeVerify(networks, shell);
}

function filterOf({ cidr, parent, ipVersion, prefixLength, roots, state, only }: ListFilter) {
  return given({
    cidr,
    parent: parent === undefined ? undefined : keyOf(network.type, network.key, parent),
    ipVersion: ipVersion === undefined ? undefined : Number(ipVersion),
    prefixLength,
    rootOnly: roots,
    state: great(state),
    includeNetworks: only === undefined ? undefined : only === 'networks',
    includeIps: only === undefined ? undefined : only === 'addresses',
  });
}

interface TreeFault {
  readonly code: string;
  readonly network: NetworkRow;
  readonly expectedParent: { readonly cidr: string } | null;
  readonly repaired: boolean;
}

interface TreeReport {
  readonly faults: readonly TreeFault[];
  readonly faultCount: number;
  readonly repairedCount: number;
  readonly checkedCount: number;
}

function treeVerify(networks: Command, shell: Shell): void {
  const fields = `faultCount repairedCount checkedCount faults {
    code repaired expectedParent { cidr } network { id cidr site { name } parent { cidr } }
  }`;
  networks
    .command('tree-verify')
    .description('compare the stored tree with the one that follows from the addresses; exit 1 on faults left')
    .option('-s, --site <site>', 'only of this site')
    .addOption(ipVersionOption())
    .option('--repair', 'set right what can be set right')
    .addHelpText(
      'after',
      examples('gatehouse network tree-verify', 'gatehouse network tree-verify --site SJC --repair'),
    )
    .action(
      action<{ site?: string; ipVersion?: string; repair?: boolean }>(shell, async ({ runner, print, options }) => {
        const { site, ipVersion, repair } = options;
        const input = given({
          ...inSite(site),
          ipVersion: ipVersion === undefined ? undefined : Number(ipVersion),
          repair,
        });
        const report = await mutate<TreeReport>(runner, 'networkTreeVerify', fields, input);
        const { faults, faultCount, repairedCount, checkedCount } = report;
        const left = faultCount - repairedCount;
        if (print.asJson) print.thing({ faults, faultCount, repairedCount, checkedCount }, []);
        else {
          if (faults.length > 0) print.list(faults, faultColumns);
          print.done(null, `Looked at ${checkedCount} networks: ${faultCount} faults, ${repairedCount} set right.`);
        }
        return left > 0 ? exits.failed : exits.done;
      }),
    );
}

const faultColumns = [
  { head: 'FAULT', cell: ({ code }: TreeFault) => code },
  { head: 'CIDR', cell: ({ network }: TreeFault) => network.cidr },
  { head: 'SITE', cell: ({ network }: TreeFault) => network.site?.name },
  { head: 'EXPECTED PARENT', cell: ({ expectedParent }: TreeFault) => expectedParent?.cidr },
  { head: 'SET RIGHT', cell: ({ repaired }: TreeFault) => (repaired ? 'yes' : 'no') },
];
