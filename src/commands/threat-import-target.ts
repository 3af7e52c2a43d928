import { misuse } from '#commands/failure.ts';
import { mutate, type Runner } from '#commands/runner.ts';
import { isJsonObject } from '#kernel/json.ts';
import {
  type ImportCounts,
  type ImportOutcome,
  type ImportPlan,
  importObjects,
} from '#resolvers/threat/objects/import.ts';
import type { StatusDetail } from '#resolvers/threat/statuses/taxii-status.ts';

/** Adds objects to the collection with a UUID. */
type ImportTarget = (collection: string, source: AsyncIterable<unknown>, plan: ImportPlan) => Promise<ImportOutcome>;

/** The gateway in this process takes a stream under one status; one elsewhere takes requests of bounded size. */
export function importTarget(runner: Runner): ImportTarget {
  const { gateway } = runner;
  if (gateway) return (collection, source, plan) => importObjects(gateway.context(), { id: collection }, source, plan);
  return (collection, source, plan) => sendObjects(runner, collection, source, plan);
}

/** What a request may hold, so that a gateway with the usual limits takes it. */
const most = { count: 1000, bytes: 512 * 1024 };

async function sendObjects(
  runner: Runner,
  collection: string,
  source: AsyncIterable<unknown>,
  plan: ImportPlan,
): Promise<ImportOutcome> {
  if (plan.dryRun)
    throw misuse('--dry-run looks at the database itself: run it where the gateway runs, without --url.');
  let counts: ImportCounts = { doneCount: 0, addedCount: 0, presentCount: 0, failedCount: 0 };
  for await (const objects of requestsOf(source, Math.min(plan.batch ?? most.count, most.count))) {
    if (plan.signal.aborted) return { counts, status: null, isInterrupted: true };
    const { status } = await mutate<{ status: SentStatus }>(
      runner,
      'stixObjectsAdd',
      `status { failureCount successes(first: ${most.count}) { nodes { message } }
        failures(first: ${most.count}) { nodes { stixId version message } } }`,
      { collection: { id: collection }, objects },
    );
    const messages = status.successes?.nodes ?? [];
    const presentCount = messages.filter(({ message }) => message?.startsWith('already present')).length;
    counts = {
      doneCount: counts.doneCount + objects.length,
      addedCount: counts.addedCount + objects.length - status.failureCount - presentCount,
      presentCount: counts.presentCount + presentCount,
      failedCount: counts.failedCount + status.failureCount,
    };
    plan.progress(counts, status.failures?.nodes ?? []);
  }
  return { counts, status: null, isInterrupted: false };
}

interface SentStatus {
  readonly failureCount: number;
  readonly successes: { readonly nodes: readonly { readonly message: string | null }[] } | null;
  readonly failures: { readonly nodes: readonly StatusDetail[] } | null;
}

async function* requestsOf(source: AsyncIterable<unknown>, count: number): AsyncGenerator<readonly unknown[]> {
  let objects: unknown[] = [];
  let bytes = 0;
  for await (const value of source) {
    const size = isJsonObject(value) ? Buffer.byteLength(JSON.stringify(value)) : 0;
    if (objects.length > 0 && (objects.length === count || bytes + size > most.bytes)) {
      yield objects;
      [objects, bytes] = [[], 0];
    }
    objects.push(value);
    bytes += size;
  }
  if (objects.length > 0) yield objects;
}
