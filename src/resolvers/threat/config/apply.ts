import { z } from 'zod';
import { allow } from '#kernel/access.ts';
import type { Context } from '#kernel/context.ts';
import { ConflictError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { removalTimeout } from '#resolvers/threat/collections/remove.ts';
import { applyApiRoots } from '#resolvers/threat/config/api-roots.ts';
import { applyDataCollections } from '#resolvers/threat/config/data-collections.ts';
import { type ConfigDocument, readDocument } from '#resolvers/threat/config/document.ts';
import { type ConfigOutcome, joined, noOutcome } from '#resolvers/threat/config/outcome.ts';
import { applyServices } from '#resolvers/threat/config/services.ts';
import { applyTaxiiCollections } from '#resolvers/threat/config/taxii-collections.ts';
import { flag } from '#resolvers/threat/input.ts';

const configApply = z.object({
  document: z.unknown(),
  forceDelete: flag('forceDelete').nullish(),
  dryRun: flag('dryRun').nullish(),
});
export type ThreatConfigApply = z.input<typeof configApply>;

/**
 * Brings services, data collections, API roots and collections to what a declarative document says, in one transaction. A
 * section that is absent is not touched.
 *
 * In a dry run everything is done and given up at its end: what it answers is what would happen, refusals included.
 */
export async function applyThreatConfig(ctx: Context, input: ThreatConfigApply): Promise<ConfigOutcome> {
  allow(ctx, 'threat:admin');
  const { document, forceDelete, dryRun } = parse(configApply, input);
  const sections = readDocument(document);
  const attempt = () => attemptSections(ctx, sections, forceDelete ?? false, dryRun ?? false);
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    // Another one may have made one of the things meanwhile: then it is there to be changed.
    return attempt();
  }
}

async function attemptSections(
  ctx: Context,
  sections: ConfigDocument,
  forceDelete: boolean,
  dryRun: boolean,
): Promise<ConfigOutcome> {
  const options = forceDelete ? { timeout: removalTimeout } : {};
  try {
    return await ctx.atomically(async (ctx) => {
      const outcome = await applySections(ctx, sections, forceDelete);
      if (dryRun) throw new Rehearsed(outcome);
      return outcome;
    }, options);
  } catch (error) {
    if (error instanceof Rehearsed) return error.outcome;
    throw error;
  }
}

/** Gives a dry run up, with what it found. */
class Rehearsed extends Error {
  readonly outcome: ConfigOutcome;

  constructor(outcome: ConfigOutcome) {
    super('A dry run changes nothing.');
    this.outcome = outcome;
  }
}

/** In the order in which things depend on each other. Everybody locks services before data collections. */
async function applySections(
  ctx: Context,
  { services, dataCollections, apiRoots, taxiiCollections }: ConfigDocument,
  forceDelete: boolean,
): Promise<ConfigOutcome> {
  let outcome = noOutcome;
  if (services) outcome = joined(outcome, await applyServices(ctx, services));
  if (dataCollections) outcome = joined(outcome, await applyDataCollections(ctx, dataCollections, forceDelete));
  if (apiRoots) outcome = joined(outcome, await applyApiRoots(ctx, apiRoots, forceDelete));
  if (taxiiCollections) outcome = joined(outcome, await applyTaxiiCollections(ctx, taxiiCollections, forceDelete));
  return outcome;
}
