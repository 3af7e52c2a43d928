import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { CommandFailure, exits } from '#commands/failure.ts';
import { mutate } from '#commands/runner.ts';
import { action, type Shell } from '#commands/shell.ts';
import type { Terminal } from '#commands/terminal.ts';
import { examples, given } from '#commands/things.ts';

interface Item {
  readonly type: string;
  readonly key: string;
}

interface Applied {
  readonly created: readonly Item[];
  readonly updated: readonly Item[];
  readonly disabled: readonly Item[];
  readonly deleted: readonly Item[];
  readonly extra: readonly Item[];
  readonly unchanged: number;
}

const lists = ['created', 'updated', 'disabled', 'deleted', 'extra'] as const;

/** `gatehouse threat sync` */
export function threatSync(threat: Command, shell: Shell): void {
  threat
    .command('sync <file>')
    .description('bring services, data collections, API roots and collections to what a file says; YAML or JSON')
    .option('--force-delete', 'delete data collections, API roots and collections that the file does not name')
    .option('--dry-run', 'only say what would be done')
    .addHelpText(
      'after',
      `
A section that the file leaves out is not touched. Services that a section does not name are deleted, data collections
are made unavailable. The data configuration files of OpenTAXII are read as they are, but for their accounts.
${examples('gatehouse threat sync taxii.yml --dry-run', 'gatehouse threat sync data-configuration.yml')}`,
    )
    .action(
      action<{ forceDelete?: boolean; dryRun?: boolean }>(shell, async ({ runner, print, options, terminal }, file) => {
        const { forceDelete, dryRun } = options;
        const input = given({ document: await readDocument(terminal, file), forceDelete, dryRun });
        const fields = `${lists.map((list) => `${list} { type key }`).join(' ')} unchanged`;
        const applied = await mutate<Applied>(runner, 'threatConfigApply', fields, input);
        const lines = lists.flatMap((list) => applied[list].map(({ type, key }) => `${list} ${type} ${key}`));
        if (!print.asJson) print.lines(applied, lines);
        const counts = lists
          .filter((list) => applied[list].length > 0)
          .map((list) => `${applied[list].length} ${list}`);
        const sum = [...counts, `${applied.unchanged} unchanged`].join(', ');
        print.done({ ...applied, dryRun: dryRun ?? false }, `${dryRun ? 'This would be done: ' : ''}${sum}.`);
      }),
    );
}

/** JSON is YAML too. */
async function readDocument(terminal: Terminal, file: string): Promise<unknown> {
  try {
    return parse(await readFile(resolve(terminal.folder, file), 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    throw new CommandFailure([{ code: 'BAD_USER_INPUT', message: `${file} cannot be read: ${why}` }], exits.usage);
  }
}
