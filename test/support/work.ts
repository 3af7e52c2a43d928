/** A worker in a process of its own: `node work.ts '<config as JSON>'`. Says when it works. */
import { createGateway } from '#gateway';
import { prismaStorage } from '#plugins/storage-prisma/plugin.ts';
import { jobPlugins } from './jobs.ts';

const config = JSON.parse(process.argv[2] ?? '{}');
const gateway = await createGateway({ config: { ...config, plugins: [prismaStorage(), ...jobPlugins] } });
gateway.work();
process.on('SIGTERM', async () => {
  await gateway.dispose();
  process.exit(0);
});
gateway.leaving.addEventListener('abort', async () => {
  await gateway.dispose();
  process.exit(0);
});
console.log('at work');
