import { afterAll, beforeAll } from 'vitest';
import { type JobGraph, openJobGraph } from '../../../support/job-graph.ts';
import { tellStories } from '../../../support/stories.ts';

let graph: JobGraph;
beforeAll(async () => {
  graph = await openJobGraph('embedded');
});
afterAll(() => graph.gateway.dispose());

tellStories(import.meta.dirname, (operation) => graph.gateway.execute(operation));
