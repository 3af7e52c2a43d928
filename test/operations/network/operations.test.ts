/** The stories of this folder share a gateway: each keeps to Sites of its own. */
import { afterAll, beforeAll } from 'vitest';
import { openNetwork, type TestNetwork } from '../../support/network.ts';
import { tellStories } from '../../support/stories.ts';

let net: TestNetwork;
beforeAll(async () => {
  net = await openNetwork();
});
afterAll(() => net.gateway.dispose());

tellStories(import.meta.dirname, (operation) => net.gateway.execute(operation));
