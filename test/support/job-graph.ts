/** A gateway with jobs that nobody runs but the test, and viewers whose token is the list of their permissions. */
import { createGateway, type Gateway } from '#gateway';
import { catalogue } from '#kernel/catalogue.ts';
import type { Clock } from '#kernel/clock.ts';
import type { Context } from '#kernel/context.ts';
import { AuthenticationError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { defineJob } from '#kernel/job.ts';
import { grantedRights } from '#kernel/permission.ts';
import { anonymousViewer, authenticator, type Viewer } from '#kernel/viewer.ts';
import { definePlugin } from '#plugins/define.ts';
import { jobs } from '#plugins/jobs.ts';
import { queueFigures } from '#plugins/queue-figures.ts';
import { type RunningJob, startNextJob } from '#resolvers/platform/jobs/run.ts';
import { platformAreas } from '#resolvers/platform/rights/areas.ts';
import { events as eventFields } from '#schema/platform/event.ts';
import { storagePlugin } from './network.ts';

const handler = () => undefined;

export interface JobGraph {
  readonly gateway: Gateway;
  readonly system: Context;
  /** Starts the next job; this test is its worker. */
  start(): Promise<RunningJob>;
  /** The rights of whoever comes with a token, where they are others than the token says. */
  readonly rights: Map<string, readonly string[]>;
}

export async function openJobGraph(
  storage: Parameters<typeof storagePlugin>[0] = 'memory',
  config: object = {},
  clock?: Clock,
): Promise<JobGraph> {
  const rights = new Map<string, readonly string[]>();
  const plugin = definePlugin({
    name: 'test-jobs',
    version: '1.0.0',
    description: 'Job classes, and accounts that are their permissions.',
    uses: { catalogue },
    provides: [authenticator],
    permissions: platformAreas.filter(({ name }) => name === 'event' || name === 'system'),
    jobs: [
      defineJob({ name: 'tests.dummy', title: 'Dummy', author: 'ops', doc: 'Does nothing.', tags: ['blue'], handler }),
      defineJob({ name: 'secret.thing', title: 'Secret', author: 'ops', schedule: '5 * * * *', handler }),
    ],
    schema: (builder) => eventFields(builder),
    setup({ provide, ports }) {
      const holder = (token: string): Viewer => ({
        ...anonymousViewer(grantedRights(rights.get(token) ?? token.split(' '), ports.catalogue.areas)),
        kind: 'ACCOUNT',
        id: newId(),
        name: 'somebody',
        credential: { kind: 'TOKEN', id: token, expiresAt: null },
      });
      provide(authenticator, {
        challenges: [],
        affects: ({ name }) => (name === 'platform.jobClass.changed' ? { who: 'everyone' } : null),
        async authenticate(request) {
          const token = request.payload?.token ?? request.header('authorization')[0]?.replace('Bearer ', '');
          if (typeof token !== 'string') throw new AuthenticationError('Nobody signs in here without a token.');
          return holder(token);
        },
        refresh: async (viewer) => ({ viewer: holder(viewer.credential?.id ?? '') }),
      });
      return undefined;
    },
  });
  const gateway = await createGateway({
    ...(clock && { clock }),
    config: {
      plugins: [storagePlugin(storage), plugin, jobs, queueFigures],
      dataDir: 'memory://',
      log: { level: 'silent' },
      http: { port: 0 },
      ...(typeof storage === 'object' && 'url' in storage && { storage: { url: storage.url, poolSize: 10 } }),
      ...config,
    },
  });
  const system = gateway.context();
  return {
    gateway,
    system,
    rights,
    async start() {
      const worker = { worker: 'w@here', running: {}, exceptProjects: [], forcedOnly: false };
      const running = await startNextJob(system, worker);
      if (!running) throw new Error('Nothing may start.');
      return running;
    },
  };
}
