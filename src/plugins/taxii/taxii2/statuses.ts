import type { Context } from '#kernel/context.ts';
import { answer } from '#plugins/taxii/taxii2/answer.ts';
import type { Handler } from '#plugins/taxii/taxii2/exchange.ts';
import { expectRoot } from '#resolvers/threat/access.ts';
import { apiRootByKey, apiRootKeyOf } from '#resolvers/threat/api-roots/keys.ts';
import { allDetails, expectStatus } from '#resolvers/threat/statuses/find.ts';
import type { DetailOutcome, TaxiiStatus } from '#resolvers/threat/statuses/taxii-status.ts';

export const showStatus: Handler = async ({ ctx, named }) => {
  const root = expectRoot(ctx, await apiRootByKey(ctx, apiRootKeyOf(named.root)));
  return answer(200, await statusResource(ctx, await expectStatus(ctx, root, named.status)));
};

/** A status as the wire has it; a list of details is there only when it is whole. */
export async function statusResource(ctx: Context, status: TaxiiStatus): Promise<object> {
  const [successes, failures, pendings] = await Promise.all(
    (['SUCCESS', 'FAILURE', 'PENDING'] as const).map((outcome) => detailsOf(ctx, status, outcome)),
  );
  return {
    id: status.id,
    status: status.state.toLowerCase(),
    request_timestamp: status.requestTimestamp,
    total_count: status.totalCount,
    success_count: status.successCount,
    ...(successes && { successes }),
    failure_count: status.failureCount,
    ...(failures && { failures }),
    pending_count: status.pendingCount,
    ...(pendings && { pendings }),
  };
}

async function detailsOf(ctx: Context, status: TaxiiStatus, outcome: DetailOutcome): Promise<object[] | null> {
  const details = await allDetails(ctx, status, outcome);
  return (
    details?.map(({ stixId, version, message }) => ({ id: stixId, version, ...(message !== null && { message }) })) ??
    null
  );
}
