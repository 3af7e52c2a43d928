import type { JobRun } from 'gatehouse/kernel/job-run';

interface Answer {
  readonly devices: {
    readonly totalCount: number;
    readonly nodes: readonly { readonly site: { readonly name: string } }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

const page = `query ($after: String) {
  devices(first: 500, after: $after) { totalCount nodes { site { name } } pageInfo { hasNextPage endCursor } }
}`;
const root = '{ storeDocument(path: "/") { path } }';
const keep = `mutation ($path: String!, $body: JSON!) {
  storeDocumentReplace(input: { path: $path, body: $body }) { __typename ... on Error { message } }
}`;

/** The handler of the job: it runs in a thread of its own, with the rights of the gateway. */
export async function run({ args, execute, log, progress, signal }: JobRun<{ readonly label?: string }>) {
  const sites: Record<string, number> = {};
  let [after, done]: [string | null, number] = [null, 0];
  do {
    signal.throwIfAborted();
    const { devices } = (await execute(page, { after })) as Answer;
    for (const { site } of devices.nodes) sites[site.name] = (sites[site.name] ?? 0) + 1;
    done += devices.nodes.length;
    await progress(devices.totalCount === 0 ? 1 : done / devices.totalCount, `${done} of ${devices.totalCount}`);
    after = devices.pageInfo.hasNextPage ? devices.pageInfo.endCursor : null;
  } while (after !== null);
  const { storeDocument } = (await execute(root)) as { storeDocument: object | null };
  if (!storeDocument) await put('/', {});
  await put('/device-report', { label: args.label ?? null, devices: done, sites });
  log.info(`counted ${done} devices`);

  async function put(path: string, body: object): Promise<void> {
    const { storeDocumentReplace: answer } = (await execute(keep, { path, body })) as {
      storeDocumentReplace: { readonly message?: string };
    };
    if (answer.message !== undefined) throw new Error(answer.message);
  }
}
