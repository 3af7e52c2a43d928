import type { Command } from 'commander';
import { type ListOptions, listOptions, moreRemark, oneMore, pageFields, readAll } from '#commands/listing.ts';
import { action, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';

interface EndpointRow {
  readonly title: string;
  readonly name: string;
  readonly kind: string;
  readonly plugin: string;
  readonly path: string | null;
  readonly permission: string | null;
}

interface Wanted extends ListOptions {
  readonly api?: boolean;
  readonly tag?: readonly string[];
}

const fields =
  'id title name kind plugin description author tags methods path enterUrl permission emits deprecated arguments';

/** `gatehouse info` */
export function infoCommand(program: Command, shell: Shell): void {
  listOptions(program.command('info').argument('[words...]', 'only what says all of these'))
    .description('list what can be called: pages, links and, with --api, routes, the graph and kinds of jobs')
    .option('--api', 'with what programs call rather than people enter')
    .option('--tag <tag>', 'only with this tag; may be repeated', oneMore)
    .addHelpText('after', examples('gatehouse info', 'gatehouse info --api device create'))
    .action(
      action<Wanted, [words: string[]]>(shell, async ({ runner, print, options }, words) => {
        const document = `query ($search: String, $tags: [String!], $api: Boolean, $first: Int, $after: String) {
          list: endpoints(search: $search, tags: $tags, api: $api, first: $first, after: $after) {
            ${pageFields(fields)}
          }
        }`;
        const asked = given({ search: words.join(' ') || undefined, tags: options.tag, api: options.api ?? false });
        const found = await readAll<EndpointRow>(runner, options, document, asked);
        print.list(found.rows, [
          { head: 'TITLE', cell: ({ title }) => title },
          { head: 'NAME', cell: ({ name }) => name },
          { head: 'KIND', cell: ({ kind }) => kind.toLowerCase() },
          { head: 'PLUGIN', cell: ({ plugin }) => plugin },
          { head: 'PATH', cell: ({ path }) => path },
          { head: 'NEEDS', cell: ({ permission }) => permission },
        ]);
        const more = moreRemark(found);
        if (more) print.remark(more);
      }),
    );
}
