/** A process that opens an embedded database and writes to it until it is killed: `node hold-database.ts <folder>`. */
import { openDatabase } from '#plugins/storage-prisma/database.ts';

const database = await openDatabase({ directory: process.argv[2] ?? '', poolSize: 1, timeout: 10_000 });
await database.pool.query('CREATE TABLE IF NOT EXISTS kept (id int PRIMARY KEY, filler text)');
const { rows } = await database.pool.query('SELECT coalesce(max(id), 0) AS last FROM kept');
for (let id = rows[0].last + 1; ; id += 1) {
  await database.pool.query('INSERT INTO kept VALUES ($1, $2)', [id, 'x'.repeat(2000)]);
  console.log(id);
}
