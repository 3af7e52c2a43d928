import { allow } from '#kernel/access.ts';
import { type Context, microseconds } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { apiRootFacts, apiRootStore, type TaxiiApiRoot } from '#resolvers/threat/api-roots/api-root.ts';
import { appendApiRootEvent, toApiRootSnapshot } from '#resolvers/threat/api-roots/events.ts';
import { changedFields } from '#resolvers/threat/snapshot.ts';

/**
 * Inserts API roots with their events, however many; of those that are to be the default the last one is. The caller has
 * checked rights and content, and opened the transaction.
 * @throws ConflictError for a slug or an id that is taken.
 */
export async function insertApiRoots(ctx: Context, roots: readonly TaxiiApiRoot[]): Promise<TaxiiApiRoot[]> {
  const chosen = roots.findLast(({ isDefault }) => isDefault);
  // The choice is locked before any row is, so that those who choose at once never wait for each other in a ring.
  const former = chosen ? await ctx.use(apiRootStore).lockDefault() : null;
  const made = await ctx.use(apiRootStore).insertMany(roots);
  const kept = await Promise.all(made.map(async (root, index) => root ?? (await refuseTaken(ctx, roots[index]))));
  if (chosen) await choose(ctx, chosen.id, former, chosen.updatedAt);
  const now = kept.map((root) => ({ ...root, isDefault: root.id === chosen?.id }));
  for (const root of now) appendApiRootEvent(ctx, null, root);
  return now;
}

interface Change {
  readonly before: TaxiiApiRoot;
  readonly after: TaxiiApiRoot;
}

/**
 * Writes API roots that the unit of work has locked, with an event for each that changed and for the one that is the
 * default no longer. Where one becomes the default, the unit called `lockDefault` before it locked them.
 * @returns them as they are now.
 * @throws ConflictError for a slug that another one has.
 */
export async function writeApiRoots(ctx: Context, changes: readonly Change[]): Promise<TaxiiApiRoot[]> {
  const store = ctx.use(apiRootStore);
  const chosen = changes.findLast(({ before, after }) => after.isDefault && !before.isDefault)?.after;
  const former = chosen ? await store.lockDefault() : null;
  const updatedAt = microseconds(ctx.clock.now());
  const pairs = changes.map(({ before, after: wanted }) => {
    const after = chosen ? { ...wanted, isDefault: wanted.id === chosen.id } : wanted;
    return changedFields(toApiRootSnapshot(before), toApiRootSnapshot(after)).length > 0
      ? { before, after: { ...after, updatedAt } }
      : { before, after: before };
  });
  const real = pairs.filter(({ before, after }) => before !== after);
  const [conflict] = await store.updateMany(real.map(({ after }) => after));
  if (conflict) throw slugTaken(conflict);
  if (chosen) {
    const told = changes.some(({ before }) => before.id === former?.id);
    await choose(ctx, chosen.id, told ? null : former, updatedAt);
  }
  for (const { before, after } of real) appendApiRootEvent(ctx, before, after);
  return pairs.map(({ after }) => after);
}

/**
 * Makes an API root the default.
 * @param former the one that is it until now, unless the caller tells its change himself.
 * @throws ForbiddenError for who does not administer that one.
 */
async function choose(ctx: Context, id: string, former: TaxiiApiRoot | null, updatedAt: string): Promise<void> {
  if (former) allow(ctx, 'threat:admin', apiRootFacts(former));
  await ctx.use(apiRootStore).makeDefault(id, updatedAt);
  if (former) appendApiRootEvent(ctx, former, { ...former, isDefault: false, updatedAt });
}

async function refuseTaken(ctx: Context, root: TaxiiApiRoot | undefined): Promise<never> {
  if (!root) throw new Error('Each insertion has its API root.');
  const [there] = await ctx.use(apiRootStore).getMany([root.id]);
  if (there) throw new ConflictError(`An API root ${root.id} exists already.`, ['taxiiId']);
  throw slugTaken(root);
}

const slugTaken = ({ slug }: TaxiiApiRoot): ConflictError =>
  new ConflictError(`An API root has the slug ${slug} already.`, ['slug']);
