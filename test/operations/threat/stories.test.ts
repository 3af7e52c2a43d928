import { afterAll, beforeAll } from 'vitest';
import { tellStories } from '../../support/stories.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

let threat: TestThreat;
beforeAll(async () => {
  threat = await openThreat();
});
afterAll(() => threat.gateway.dispose());

tellStories(import.meta.dirname, (operation) => threat.gateway.execute(operation));
