import { runProcess } from '#commands/process.ts';

/** What `npm start` runs: the command `gatehouse start`. */
await runProcess(['start', ...process.argv.slice(2)]);
