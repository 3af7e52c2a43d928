import { type Command, Option } from 'commander';
import { addAllocate } from '#commands/allocation.ts';
import { type CarriedOptions, carriedOf, carriedOptions } from '#commands/carried.ts';
import { exits } from '#commands/failure.ts';
import { keyOf, siteKeyOf } from '#commands/keys.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
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

interface NetworkRow {
  readonly id: string;
  readonly cidr: string;
  readonly state: string;
  readonly site: { readonly name: string } | null;
  readonly parent: { readonly cidr: string } | null;
  readonly utilization: { readonly text: string };
  readonly createdAt: string;
  readonly updatedAt: string;
}

const network: Thing<NetworkRow> = {
  noun: 'network',
  type: 'Network',
  key: 'cidr',
  fields: 'id cidr state site { name } parent { cidr } utilization { text } createdAt updatedAt',
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
    ['created', row.createdAt],
    ['updated', row.updatedAt],
    ['id', row.id],
  ],
  naturalKey: ({ cidr }) => cidr,
};

/** Enums are written small in commands and great in the graph. */
export const great = (word: string | undefined): string | undefined => word?.toUpperCase().replaceAll('-', '_');

export const stateOption = (description: string): Option =>
  new Option('--state <state>', description).choices(['allocated', 'assigned', 'reserved', 'orphaned']);

interface StateOption extends SiteOption, CarriedOptions {
  readonly state?: string;
}

interface ListFilter extends StateOption, QueryOption {
  readonly cidr?: string;
  readonly parent?: string;
  readonly ipVersion?: string;
  readonly prefixLength?: string;
  readonly roots?: boolean;
  readonly only?: string;
}

/** `gatehouse network …` */
export function networkCommand(program: Command, shell: Shell): void {
  const networks = noun(program, 'network', 'networks: subnets and host addresses, as a tree');
  carriedOptions(networks.command('create <cidr>'))
    .description('create a network or a host address at its place in the tree')
    .requiredOption('-s, --site <site>', 'the site it belongs to, for good')
    .addOption(stateOption('allocated unless given'))
    .addHelpText('after', examples('gatehouse network create 10.1.0.0/16 --site SJC --state reserved'))
    .action(
      changing<NetworkRow, StateOption & { readonly site: string }>(
        shell,
        network,
        'create',
        (cidr, { site, state, ...carried }) =>
          given({ site: siteKeyOf(site), cidr, state: great(state), attributes: carriedOf(carried) }),
      ),
    );
  const restating = (key: string, { state, ...options }: StateOption) =>
    given({ ...named(network as Thing<never>, key, options), state: great(state), attributes: carriedOf(options) });
  carriedOptions(networks.command('update <cidr>'))
    .description('change what is given of a network and leave the rest')
    .option('-s, --site <site>', 'the site to look in')
    .addOption(stateOption('its new state'))
    .addHelpText('after', examples('gatehouse network update 10.1.0.0/16 --state reserved'))
    .action(changing<NetworkRow, StateOption>(shell, network, 'update', restating));
  carriedOptions(networks.command('replace <cidr>'))
    .description('set everything of a network that can change; what is not given gets its default')
    .option('-s, --site <site>', 'the site to look in')
    .addOption(stateOption('allocated unless given'))
    .addHelpText('after', examples('gatehouse network replace 10.1.0.0/16'))
    .action(changing<NetworkRow, StateOption>(shell, network, 'replace', restating));
  addDelete(networks, shell, network, {
    description: 'delete a network',
    blockers: true,
    toInput: (key, { force, ...options }: SiteOption & { readonly force?: boolean }) =>
      given({ ...named(network as Thing<never>, key, options), force }),
  })
    .option('-s, --site <site>', 'the site to look in')
    .option('--force', 'also with children, which go to its parent, or bound to interfaces')
    .addHelpText('after', examples('gatehouse network delete 10.1.0.0/16 --force'));
  addList<NetworkRow, ListFilter>(networks, shell, network, (options) => ({
    ...(options.site !== undefined && { site: siteKeyOf(options.site) }),
    ...(options.query !== undefined && { query: options.query }),
    filter: filterOf(options),
  }))
    .option('-s, --site <site>', 'only of this site')
    .option('--query <query>', 'only those in the set of this query')
    .option('--cidr <cidr>', 'only this prefix')
    .option('--parent <cidr>', 'only children of this network')
    .option('--roots', 'only those without a parent')
    .option('--prefix-length <length>', 'only of this length')
    .addOption(stateOption('only in this state'))
    .addOption(new Option('--ip-version <version>', 'only of this version').choices(['4', '6']))
    .addOption(new Option('--only <what>', 'only networks, or only host addresses').choices(['networks', 'addresses']))
    .addHelpText(
      'after',
      examples(
        'gatehouse network list --site SJC --parent 10.0.0.0/8',
        'gatehouse network list --roots --ip-version 6 --all --json',
      ),
    );
  addShow(networks, shell, network, true).addHelpText(
    'after',
    examples('gatehouse network show 10.1.0.0/16 --site SJC'),
  );
  addAllocate(networks, shell);
  treeVerify(networks, shell);
}

function filterOf({ cidr, parent, ipVersion, prefixLength, roots, state, only }: ListFilter) {
  return given({
    cidr,
    parent: parent === undefined ? undefined : keyOf(network.type, network.key, parent),
    ipVersion: ipVersion === undefined ? undefined : Number(ipVersion),
    prefixLength: prefixLength === undefined ? undefined : Number(prefixLength),
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
    .addOption(new Option('--ip-version <version>', 'only of this version').choices(['4', '6']))
    .option('--repair', 'set right what can be set right')
    .addHelpText(
      'after',
      examples('gatehouse network tree-verify', 'gatehouse network tree-verify --site SJC --repair'),
    )
    .action(
      action<{ site?: string; ipVersion?: string; repair?: boolean }>(shell, async ({ runner, print, options }) => {
        const { site, ipVersion, repair } = options;
        const input = given({
          site: site === undefined ? undefined : siteKeyOf(site),
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
