/** A process that does nothing but number events, until it is killed: `node number-events.ts <url of the database>`. */
import { openDatabase } from '#plugins/storage-prisma/database.ts';
import { PrismaEventLog } from '#plugins/storage-prisma/platform/event-log.ts';
import { openSessions } from '#plugins/storage-prisma/session.ts';

const database = await openDatabase({ url: process.argv[2], directory: '', poolSize: 2, timeout: 10_000 });
const log = new PrismaEventLog(openSessions(database)(null));

console.log('numbering');
for (;;) {
  if ((await log.number(7)) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
