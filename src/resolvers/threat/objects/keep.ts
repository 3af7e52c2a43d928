import { type Context, microseconds } from '#kernel/context.ts';
import { NotFoundError } from '#kernel/errors.ts';
import { collectionStore, type TaxiiCollection } from '#resolvers/threat/collections/collection.ts';
import { stixObjectAdded, tellVersions } from '#resolvers/threat/objects/events.ts';
import { type Fit, isUnfit, type Judged } from '#resolvers/threat/objects/judge.ts';
import { type Addition, type StixRemoval, stixObjectStore } from '#resolvers/threat/objects/stix-object.ts';
import { keepObservables } from '#resolvers/threat/observables/indicator.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';
import type { StatusDetail } from '#resolvers/threat/statuses/taxii-status.ts';

/** What became of one batch, in its order. */
export interface Kept {
  readonly successes: readonly StatusDetail[];
  readonly failures: readonly StatusDetail[];
  readonly addedCount: number;
  readonly presentCount: number;
}

/** @throws NotFoundError when the collection is gone. */
export async function lockCollection(ctx: Context, id: string): Promise<TaxiiCollection> {
  const [collection] = await ctx.use(collectionStore).lock([id]);
  if (!collection) throw new NotFoundError('Collection not found.');
  return collection;
}

/** Keeps what is fit of a batch, with its events and observables, in the unit of work. */
export async function keepBatch(ctx: Context, collectionId: string, batch: readonly Judged[]): Promise<Kept> {
  const fits = batch.filter((judged): judged is Fit => !isUnfit(judged));
  const collection = await lockCollection(ctx, collectionId);
  const now = microseconds(ctx.clock.now());
  const additions = await ctx.use(stixObjectStore).addMany(
    collectionId,
    fits.map(({ object }) => object),
    now,
  );
  await followAdditions(ctx, collection, fits, additions);
  const { rejectChangedContent } = ctx.use(threatSettings);
  const outcomes = new Map(fits.map((fit, index) => [fit as Judged, additions[index]?.outcome ?? 'present']));
  const successes: StatusDetail[] = [];
  const failures: StatusDetail[] = [];
  for (const judged of batch) {
    const outcome = outcomes.get(judged);
    const list = isUnfit(judged) || (outcome === 'differs' && rejectChangedContent) ? failures : successes;
    list.push(detailOf(judged, outcome));
  }
  const addedCount = additions.filter(({ outcome }) => outcome === 'stored').length;
  return { successes, failures, addedCount, presentCount: successes.length - addedCount };
}

const messages: Readonly<Record<Exclude<Addition['outcome'], 'stored'>, string>> = {
  present: 'already present',
  differs: 'already present; content differs and was not stored',
};

export function detailOf(judged: Judged, outcome?: Addition['outcome']): StatusDetail {
  if (isUnfit(judged)) return judged;
  const { stixId, version } = judged.object;
  return { stixId, version, message: outcome === undefined || outcome === 'stored' ? judged.note : messages[outcome] };
}

async function followAdditions(
  ctx: Context,
  collection: TaxiiCollection,
  fits: readonly Fit[],
  additions: readonly Addition[],
): Promise<void> {
  const stored = additions.flatMap((addition, index) => {
    const fit = fits[index];
    return addition.outcome === 'stored' && fit ? [{ version: addition.object, body: fit.object.body }] : [];
  });
  if (stored.length === 0) return;
  await ctx.use(collectionStore).addToCounts([{ id: collection.id, by: stored.length }]);
  tellVersions(
    ctx,
    stixObjectAdded,
    collection,
    stored.map(({ version }) => version),
  );
  const collectionId = collection.id;
  const last = stored.filter(({ version: { isLast } }) => isLast);
  await keepObservables(
    ctx,
    last.map(({ version: { id, stixId }, body }) => ({ collectionId, stixId, last: { id, body } })),
  );
}

/** Brings counts and observables of a collection after what was removed from it. */
export async function followRemoval(
  ctx: Context,
  collectionId: string,
  { removed, promoted }: StixRemoval,
): Promise<void> {
  if (removed.length === 0) return;
  await ctx.use(collectionStore).addToCounts([{ id: collectionId, by: -removed.length }]);
  const lost = new Set(removed.filter(({ isLast }) => isLast).map(({ stixId }) => stixId));
  await keepObservables(
    ctx,
    [...lost].map((stixId) => {
      const last = promoted.find((object) => object.stixId === stixId);
      return { collectionId, stixId, last: last ? { id: last.id, body: last.body } : null };
    }),
  );
}
