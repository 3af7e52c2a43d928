import type { Command } from 'commander';
import { accountKeyOf } from '#commands/account-row.ts';
import { misuse } from '#commands/failure.ts';
import { type ListOptions, listOptions, moreRemark, pageFields, readAll } from '#commands/listing.ts';
import type { Column } from '#commands/output.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';

interface SessionRow {
  readonly id: string;
  readonly label: string | null;
  readonly address: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

const fields = 'id label userAgent address createdAt extendedAt expiresAt endsAt';

const columns: readonly Column<SessionRow>[] = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'LABEL', cell: ({ label }) => label },
  { head: 'ADDRESS', cell: ({ address }) => address },
  { head: 'BEGAN', cell: ({ createdAt }) => createdAt },
  { head: 'EXPIRES', cell: ({ expiresAt }) => expiresAt },
];

interface Whose {
  readonly account?: string;
}

const whose = (command: Command): Command =>
  command.option('-a, --account <account>', 'whose: name, email or id; with --url one’s own unless given');

/** `gatehouse session …` */
export function sessionCommand(program: Command, shell: Shell): void {
  const sessions = noun(program, 'session', 'sessions: who is signed in');
  whose(listOptions(sessions.command('list')))
    .description('list the sessions of an account, the newest first')
    .addHelpText('after', examples('gatehouse session list --account ann'))
    .action(
      action<ListOptions & Whose>(shell, async ({ runner, print, options }) => {
        const { account } = options;
        if (account === undefined && runner.gateway) throw misuse('Say whose sessions: --account.');
        const document = `query ($account: AccountKey, $first: Int, $after: String) {
          list: sessions(account: $account, first: $first, after: $after) { ${pageFields(fields)} }
        }`;
        const asked = given({ account: account === undefined ? undefined : accountKeyOf(account) });
        const found = await readAll<SessionRow>(runner, options, document, asked);
        print.list(found.rows, columns);
        const more = moreRemark(found);
        if (more) print.remark(more);
      }),
    );
  whose(sessions.command('end [id]'))
    .description('end a session and the streams that it opened, or all of an account')
    .addHelpText('after', examples('gatehouse session end U2Vzc2lvbjowMTk5…', 'gatehouse session end --account ann'))
    .action(
      action<Whose, [id: string | undefined]>(shell, async ({ runner, print, options }, id) => {
        const { account } = options;
        if ((id === undefined) === (account === undefined))
          throw misuse('Say which session, or whose: an id, or --account.');
        if (account === undefined) {
          const success = await mutate<{ session: SessionRow }>(runner, 'sessionEnd', `session { ${fields} }`, { id });
          print.done(success.session, 'Ended the session.');
          return;
        }
        const input = { account: accountKeyOf(account), keepCurrent: false };
        const { ended } = await mutate<{ ended: number }>(runner, 'sessionEndAll', 'ended', input);
        print.done({ ended }, `Ended ${ended === 1 ? 'one session' : `${ended} sessions`} of ${account}.`);
      }),
    );
}
