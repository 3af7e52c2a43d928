import { afterAll, beforeAll, describe } from 'vitest';
import type { Gateway } from '#gateway';
import { eventLog } from '#kernel/event.ts';
import { openGateway, type Speaking, type Spoken, say } from './support.ts';

export interface Way {
  /** Runs a command line. */
  run(line: string | readonly string[], speaking?: Speaking): Promise<Spoken>;
  gateway(): Gateway;
  /** Numbers what was written, as a gateway does by itself a moment later. */
  settle(): Promise<void>;
}

/** Claims about commands that hold in the process of the gateway and over HTTP alike; each way has its own gateway. */
export function bothWays(claims: (way: Way) => void): void {
  describe.each(['in this process', 'with --url and --token'])('%s', (name) => {
    let gateway: Gateway;
    let remote: readonly string[] = [];
    beforeAll(async () => {
      gateway = await openGateway();
      if (name === 'in this process') return;
      const { json } = await say('key create tests --account admin --json', { gateway });
      remote = ['--url', await gateway.listen(), '--token', (json as { key: string }).key];
    });
    afterAll(() => gateway.dispose());
    claims({
      gateway: () => gateway,
      run(line, speaking = {}) {
        const words = typeof line === 'string' ? line.split(' ') : line;
        return say([...remote, ...words], { ...speaking, ...(remote.length === 0 && { gateway }) });
      },
      async settle() {
        while ((await gateway.context().use(eventLog).number(1000)) > 0);
      },
    });
  });
}
