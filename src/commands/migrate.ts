import { resolve } from 'node:path';
import type { Command } from 'commander';
import { planOf } from '#commands/config.ts';
import { failure } from '#commands/failure.ts';
import { configOf, plainAction, type Shell } from '#commands/shell.ts';
import { examples } from '#commands/things.ts';

/** `gatehouse migrate` */
export function migrateCommand(program: Command, shell: Shell): void {
  program
    .command('migrate')
    .description('bring the database to the schema of this version, as every start does')
    .addHelpText('after', examples('DATABASE_URL=postgresql://… gatehouse migrate'))
    .action(
      plainAction(shell, async (session) => {
        const { openDatabase } = await import('#plugins/storage-prisma/database.ts');
        const { databaseOptions } = await import('#plugins/storage-prisma/plugin.ts');
        const plan = await planOf(session);
        const storage = plan.plugins.find(({ name }) => name === 'storage-prisma');
        if (!storage) {
          session.print.done({ migrated: [] }, 'Nothing to migrate: the config lists no storage-prisma.');
          return;
        }
        const { folder } = await configOf(session);
        const { dataDir } = plan.core;
        const place = dataDir.startsWith('memory://') ? dataDir : resolve(folder, dataDir);
        const options = databaseOptions(plan.config.section(storage.section) as never, place);
        const database = await openDatabase(options).catch((error: unknown) => {
          throw failure('STORAGE', error instanceof Error ? error.message : String(error));
        });
        const { migrated } = database;
        await database.close();
        const sentence = migrated.length === 0 ? 'The database is up to date.' : `Migrated: ${migrated.join(', ')}.`;
        session.print.done({ migrated }, sentence);
      }),
    );
}
