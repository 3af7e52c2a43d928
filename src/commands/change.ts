import { type Command, Option } from 'commander';
import { failure } from '#commands/failure.ts';
import { siteKeyOf } from '#commands/keys.ts';
import { type ListOptions, listOptions, moreRemark, pageFields, readAll } from '#commands/listing.ts';
import { great } from '#commands/network.ts';
import type { Column } from '#commands/output.ts';
import type { Runner } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';
import { isUuid, toGlobalId } from '#kernel/id.ts';

interface ChangeRow {
  readonly id: string;
  readonly cursor: string;
  readonly occurredAt: string;
  readonly action: string;
  readonly resource: string;
  readonly targetId: string;
  readonly naturalKey: string;
  readonly actor: { readonly name: string };
  readonly site: { readonly name: string } | null;
}

interface WholeChange extends ChangeRow {
  readonly before: unknown;
  readonly after: unknown;
  readonly diff: { readonly text: string; readonly fields: readonly FieldChange[] } | null;
}

interface FieldChange {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

const fields = 'id cursor occurredAt action resource targetId naturalKey actor { name } site { name }';

const columns: readonly Column<ChangeRow>[] = [
  { head: 'WHEN', cell: ({ occurredAt }) => occurredAt },
  { head: 'ACTION', cell: ({ action }) => action },
  { head: 'RESOURCE', cell: ({ resource }) => resource },
  { head: 'KEY', cell: ({ naturalKey }) => naturalKey },
  { head: 'SITE', cell: ({ site }) => site?.name },
  { head: 'ACTOR', cell: ({ actor }) => actor.name },
  { head: 'ID', cell: ({ id }) => id },
];

interface Filter {
  readonly site?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly target?: string;
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
}

/** `gatehouse change …` */
export function changeCommand(program: Command, shell: Shell): void {
  const changes = noun(program, 'change', 'changes: the history of sites and of what is in them');
  listOptions(changes.command('list'))
    .description('list changes, the newest first')
    .option('-s, --site <site>', 'only of this site; by id also of one that is gone')
    .addOption(new Option('--action <action>', 'only this').choices(['created', 'updated', 'deleted']))
    .addOption(
      new Option('--resource <kind>', 'only of this kind of things').choices([
        'site',
        'attribute',
        'device',
        'network',
        'interface',
        'circuit',
        'protocol-type',
        'protocol',
      ]),
    )
    .option('--target <id>', 'only of this thing')
    .option('--actor <id>', 'only by this account')
    .option('--since <instant>', 'not before, such as 2026-03-01T09:30:00Z')
    .option('--until <instant>', 'before')
    .addHelpText('after', examples('gatehouse change list --site SJC --resource network --limit 20'))
    .action(
      action<Filter & ListOptions>(shell, async ({ runner, print, options }) => {
        const { site, target, actor, since, until } = options;
        const document = `query ($site: SiteKey, $filter: ChangeFilter, $first: Int, $after: String) {
          list: changes(site: $site, filter: $filter, first: $first, after: $after) { ${pageFields(fields)} }
        }`;
        const filter = given({
          action: great(options.action),
          resource: great(options.resource),
          target,
          actor,
          from: since,
          to: until,
        });
        const variables = given({ site: site === undefined ? undefined : siteKeyOf(site), filter });
        const found = await readAll<ChangeRow>(runner, options, document, variables);
        print.list(found.rows, columns);
        const more = moreRemark(found);
        if (more) print.remark(more);
      }),
    );
  changes
    .command('show <id>')
    .description('show one change')
    .addHelpText('after', examples('gatehouse change show 0190c2a4-7d3e-7b1c-9a55-0c1f6f6f2a10'))
    .action(
      action(shell, async ({ runner, print }, id) => {
        const change = await read(runner, id);
        print.thing(change, [
          ['when', change.occurredAt],
          ['action', change.action],
          ['resource', change.resource],
          ['key', change.naturalKey],
          ['site', change.site?.name],
          ['actor', change.actor.name],
          ['target', change.targetId],
          ...(change.diff?.fields ?? []).map(
            ({ path, before, after }) => [path, `${shown(before)} -> ${shown(after)}`] as const,
          ),
          ['id', change.id],
        ]);
      }),
    );
  changes
    .command('diff <id>')
    .description('show what a change made different, line by line')
    .addHelpText('after', examples('gatehouse change diff 0190c2a4-7d3e-7b1c-9a55-0c1f6f6f2a10'))
    .action(
      action(shell, async ({ runner, print }, id) => {
        const { diff } = await read(runner, id);
        if (!diff) throw failure('NOT_FOUND', 'The thing was too large to be kept as it was before.');
        print.lines(diff, diff.text.split('\n'));
      }),
    );
}

const shown = (value: unknown): string => (value === null ? '-' : JSON.stringify(value));

async function read(runner: Runner, id: string): Promise<WholeChange> {
  const document = `query ($id: ID!) {
    found: change(id: $id) { ${fields} before after diff { text fields { path before after } } }
  }`;
  const { found } = await runner.run<{ found: WholeChange | null }>(document, {
    id: isUuid(id) ? toGlobalId('Change', id) : id,
  });
  if (!found) throw failure('NOT_FOUND', `Change not found: ${id}.`);
  return found;
}
