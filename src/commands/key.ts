import type { Command } from 'commander';
import { accountKeyOf } from '#commands/account-row.ts';
import { misuse } from '#commands/failure.ts';
import { oneMore } from '#commands/listing.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples, given } from '#commands/things.ts';

interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly permissions: readonly string[] | null;
  readonly addresses: readonly string[];
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

const fields = 'id name prefix permissions addresses expiresAt revokedAt';

interface Creation {
  readonly account?: string;
  readonly permission?: readonly string[];
  readonly address?: readonly string[];
  readonly expires?: string;
}

/** `gatehouse key …` */
export function keyCommand(program: Command, shell: Shell): void {
  const keys = noun(program, 'key', 'API keys: long-lived credentials for programs');
  keys
    .command('create <name>')
    .description('create an API key and print it, this once')
    .option('-a, --account <account>', 'whose it is: name, email or id; with --url one’s own unless given')
    .option('--permission <permission>', 'narrows what it may do to this; may be repeated', oneMore)
    .option('--address <network>', 'where it may be used from; may be repeated', oneMore)
    .option('--expires <instant>', 'when it ends, such as 2030-01-31T12:00:00Z')
    .addHelpText('after', examples('gatehouse key create backup --account exporter --permission network:read'))
    .action(
      action<Creation>(shell, async ({ runner, print, options }, name) => {
        const { account, permission, address, expires } = options;
        if (account === undefined && runner.gateway) throw misuse('Say whose key it is: --account.');
        const input = given({
          name,
          account: account === undefined ? undefined : accountKeyOf(account),
          permissions: permission,
          addresses: address,
          expiresAt: expires,
        });
        const selected = `key apiKey { ${fields} }`;
        const { key, apiKey } = await mutate<{ key: string; apiKey: KeyRow }>(runner, 'apiKeyCreate', selected, input);
        print.thing({ key, apiKey }, [
          ['key', key],
          ['name', apiKey.name],
          ['expires', apiKey.expiresAt],
          ['id', apiKey.id],
        ]);
        print.remark('The key is shown this once: keep it where secrets are kept.');
      }),
    );
  keys
    .command('revoke <id>')
    .description('end an API key at once, and the streams that it opened')
    .addHelpText('after', examples('gatehouse key revoke QXBpS2V5OjAxOTk…'))
    .action(
      action(shell, async ({ runner, print }, id) => {
        const { apiKey } = await mutate<{ apiKey: KeyRow }>(runner, 'apiKeyRevoke', `apiKey { ${fields} }`, { id });
        print.done(apiKey, `Revoked API key ${apiKey.name}.`);
      }),
    );
}
