import { catalogue } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { graph } from '#kernel/graph.ts';
import { parse } from '#kernel/input.ts';
import { jsonValue } from '#kernel/json.ts';
import type { Viewer } from '#kernel/viewer.ts';
import type { Calls } from '#plugins/worker/messages.ts';
import { jobCookieStore } from '#resolvers/platform/jobs/cookies.ts';
import { type Held, type Job, jobStore } from '#resolvers/platform/jobs/job.ts';
import { keepProgress } from '#resolvers/platform/jobs/run.ts';

export interface CallParts {
  readonly held: Held;
  readonly name: string;
  readonly signal: AbortSignal;
  /** A fresh context of the gateway's own. */
  context(): Context;
  /** For whom the job works at this moment. */
  viewer(): Promise<Viewer>;
  /** Told how the job is when a sign of life was kept; null when it is another's by now. */
  seen(job: Job | null): void;
}

/** The longest name of a source. */
const longestSource = 4096;

/** What a run may ask for, done with the rights that it has. */
export function runCalls({ held, name, signal, context, viewer, seen }: CallParts): Calls {
  return {
    async progress(value, message) {
      seen(
        await keepProgress(context(), held, { value: finite(value), message: message === null ? null : `${message}` }),
      );
    },
    async source(source) {
      const text = source.slice(0, longestSource).replaceAll('\u0000', '').toWellFormed();
      if (!(await context().use(jobStore).addSource(held, text))) seen(null);
    },
    async execute(document, variables) {
      const { data, errors } = await context()
        .use(graph)
        .execute({ document, variables, viewer: await viewer(), signal });
      if (errors && errors.length > 0) throw new Error(errors.map(({ message }) => message).join(' '));
      return structuredClone(JSON.parse(JSON.stringify(data ?? null)));
    },
    cookie: (action, key, value) => cookieCall(context(), name, action, key, value),
    async port(portName, method, args) {
      const ctx = context();
      const port = ctx.use(catalogue).remotePorts.get(portName);
      if (!port) throw new Error(`Port ${portName} is not open to threads: its definition does not say remote.`);
      const provider = ctx.use(port) as Record<string, unknown>;
      const call = provider[method];
      if (typeof call !== 'function') throw new Error(`Port ${portName} has no method ${method}.`);
      return call.apply(provider, args);
    },
  };
}

const finite = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

async function cookieCall(ctx: Context, name: string, action: string, key: string, value: unknown): Promise<unknown> {
  const store = ctx.use(jobCookieStore);
  switch (action) {
    case 'get': {
      const [cookie = {}] = await store.getMany([name]);
      return Object.hasOwn(cookie, key) ? cookie[key] : undefined;
    }
    case 'set':
      return store.set(name, key, parse(jsonValue('The value of a cookie'), value));
    case 'delete':
      return store.delete(name, key);
    case 'inc':
    case 'min':
    case 'max':
      if (finite(value) === null) throw InputError.at(['value'], 'Give a finite number.');
      return store.adjust(name, key, action, value as number);
    default:
      throw new Error(`A cookie has no ${action}.`);
  }
}
