/**
 * Writes the next migration: what leads from the present migrations to the models in prisma/. Works without a network
 * and without a server, on an embedded database that ends with it.
 *
 *     npm run migration -- <name>      name: words joined by underscores
 *     npm run migration -- --check     only says whether models and migrations agree: exit code 1 when not
 *
 * What models cannot say is added to the file by hand: functions, sequences, checks, and indexes on expressions or on
 * parts of a table. The comparison does not see those, so the next migration leaves them alone.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrationsFolder } from '#plugins/storage-prisma/migrate.ts';
import { pendingChanges } from './schema-engine.ts';

const [argument = ''] = process.argv.slice(2);
if (argument !== '--check' && !/^[a-z0-9_]+$/.test(argument)) {
  console.error('Usage: npm run migration -- <name_in_words> | --check');
  process.exit(2);
}

const sql = await pendingChanges();
if (sql === null) {
  console.log('Models and migrations agree.');
} else if (argument === '--check') {
  console.error(`The models ask for what no migration makes:\n\n${sql}`);
  process.exitCode = 1;
} else {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = join(migrationsFolder, `${stamp}_${argument}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'migration.sql'), sql);
  console.log(`Wrote ${join(folder, 'migration.sql')}. Read it before you commit it.`);
}
