/** A gateway in a process of its own: `node serve.ts '<config as JSON>'`. Prints its address. */
import { createGateway } from '#gateway';

const gateway = await createGateway({ config: JSON.parse(process.argv[2] ?? '{}') });
const url = await gateway.listen();
gateway.work();
process.on('SIGTERM', async () => {
  await gateway.dispose();
  process.exit(0);
});
console.log(url);
