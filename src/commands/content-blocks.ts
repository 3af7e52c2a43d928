import type { Command } from 'commander';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { dataCollectionKeyOf } from '#commands/taxii-keys.ts';
import { examples, given } from '#commands/things.ts';

interface DeleteOptions {
  readonly collection: readonly string[];
  readonly begin: string;
  readonly end?: string;
  readonly withMessages?: boolean;
}

interface Deleted {
  readonly detached: number;
  readonly deleted: number;
  readonly messagesDeleted: number;
}

/** `gatehouse content-blocks …` */
export function contentBlocksCommand(program: Command, shell: Shell): void {
  noun(program, 'content-blocks', 'content blocks of data collections')
    .command('delete')
    .description('take content blocks out of data collections, and delete those that no other one holds')
    .requiredOption('--collection <name...>', 'the data collections, by name or UUID; also -c')
    .requiredOption('--begin <time>', 'only blocks with a timestamp label after this one')
    .option('--end <time>', 'only blocks with a label up to this one; all that are there unless given')
    .option('--with-messages', 'delete inbox messages none of whose blocks remain, too')
    .addHelpText(
      'after',
      examples(
        'gatehouse content-blocks delete -c feed --begin 2024-01-01T00:00:00Z --end 2024-06-30T23:59:59Z',
        'gatehouse content-blocks delete -c feed -c drafts --begin 0001-01-01T00:00:00Z --with-messages',
      ),
    )
    .action(
      action<DeleteOptions>(shell, async ({ runner, print, options }) => {
        const done: (Deleted & { readonly collection: string })[] = [];
        for (const collection of options.collection) {
          const input = given({
            dataCollection: dataCollectionKeyOf(collection),
            beginExclusive: options.begin,
            endInclusive: options.end,
            withInboxMessages: options.withMessages,
          });
          const fields = 'detached deleted messagesDeleted';
          done.push({ collection, ...(await mutate<Deleted>(runner, 'contentBlocksDelete', fields, input)) });
        }
        const lines = done.map(({ collection, detached, deleted, messagesDeleted }) => {
          const messages = options.withMessages ? `, inbox messages deleted: ${messagesDeleted}` : '';
          return `${collection}: content blocks taken out: ${detached}, of them deleted: ${deleted}${messages}.`;
        });
        print.done(done, lines.join(' '));
      }),
    );
}
