import type { Command } from 'commander';
import { addAssign } from '#commands/assignment.ts';
import { keyOf, siteKeyOf } from '#commands/keys.ts';
import { wholeNumber } from '#commands/listing.ts';
import type { Column } from '#commands/output.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';

interface Taken {
  readonly id: string;
  readonly cidr: string;
  readonly state: string;
  readonly parent: { readonly cidr: string } | null;
}

const columns: readonly Column<Taken>[] = [
  { head: 'CIDR', cell: ({ cidr }) => cidr },
  { head: 'STATE', cell: ({ state }) => state },
  { head: 'PARENT', cell: ({ parent }) => parent?.cidr },
];

interface Options {
  readonly site?: string;
  readonly prefixLength?: number;
  readonly num?: number;
  readonly strict?: boolean;
  readonly reserve?: boolean;
  readonly partial?: boolean;
  readonly to?: string;
  readonly natural?: boolean;
}

const options = (command: Command): Command =>
  command
    .option('-s, --site <site>', 'the site to look in')
    .option('--num <count>', 'how many; 1 unless given', wholeNumber)
    .option('--strict', 'only where no child is at all')
    .option('--reserve', 'keep what is taken free on purpose')
    .option('--partial', 'take what is there when it is less, as long as it is something')
    .option('--natural', 'print what is taken alone, separated by commas');

const allocating = (shell: Shell, mutation: string, list: 'networks' | 'addresses') =>
  action<Options>(shell, async ({ runner, print, options }, cidr) => {
    const { site, prefixLength, num, strict, reserve, partial, to } = options;
    const input = given({
      by: keyOf('Network', 'cidr', cidr),
      site: site === undefined ? undefined : siteKeyOf(site),
      prefixLength,
      num,
      strict,
      state: reserve ? 'RESERVED' : undefined,
      partial,
      assignTo: to === undefined ? undefined : keyOf('NetworkInterface', 'nameSlug', to),
    });
    const taken = await mutate<Record<string, readonly Taken[]>>(
      runner,
      mutation,
      `${list} { id cidr state parent { cidr } }`,
      input,
    );
    const rows = taken[list] ?? [];
    const cidrs = rows.map(({ cidr }) => cidr);
    if (options.natural) print.lines(cidrs, [cidrs.join(',')]);
    else print.list(rows, columns);
  });

/** `gatehouse network allocate` */
export function addAllocate(networks: Command, shell: Shell): void {
  options(networks.command('allocate <cidr>'))
    .description('take free networks of a length out of a network; nobody else gets them too')
    .requiredOption('--prefix-length <length>', 'the length of each', wholeNumber)
    .addHelpText(
      'after',
      examples(
        'gatehouse network allocate 10.0.0.0/8 --prefix-length 24',
        'gatehouse network allocate 10.0.0.0/8 --prefix-length 24 --num 4 --strict --reserve --site SJC',
      ),
    )
    .action(allocating(shell, 'networkAllocate', 'networks'));
}

/** `gatehouse address …` */
export function addressCommand(program: Command, shell: Shell): void {
  const addresses = noun(program, 'address', 'host addresses: taken from networks, and bound to interfaces');
  addAssign(addresses, shell);
  options(addresses.command('allocate <cidr>'))
    .description('take free addresses out of a network; nobody else gets them too')
    .option('--to <interface>', 'the interface that gets them, such as r1:eth0')
    .addHelpText(
      'after',
      examples(
        'gatehouse address allocate 10.1.2.0/24 --num 2 --site SJC',
        'gatehouse address allocate 10.1.2.0/24 --site SJC --to r1:eth0',
      ),
    )
    .action(allocating(shell, 'addressAllocate', 'addresses'));
}
