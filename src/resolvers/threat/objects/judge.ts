import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { hashOf } from '#resolvers/threat/objects/hash.ts';
import type { NewStixObject } from '#resolvers/threat/objects/stix-object.ts';
import { type StixValidator, stixValidator } from '#resolvers/threat/objects/stix-validator.ts';
import { isFault, judgeObject, type StixEssence, type StixFault } from '#resolvers/threat/objects/validate.ts';
import { readIndicator } from '#resolvers/threat/observables/indicator.ts';
import { threatSettings } from '#resolvers/threat/settings.ts';

/** An object of a request that can be kept. */
export interface Fit {
  readonly object: NewStixObject;
  /** What its status says though it was kept. */
  readonly note: string | null;
}

export type Judged = Fit | StixFault;

export const isUnfit = (judged: Judged): judged is StixFault => 'message' in judged;

/** After so many objects others have their turn: a request may hold hundreds of thousands. */
const slice = 200;

/**
 * Judges each object of a request alone, before anything is written.
 * @param from the place of the first in its request.
 * @throws InputError for the first that is not valid, where the settings have whole envelopes refused.
 */
export async function judgeObjects(ctx: Context, values: readonly unknown[], from = 0): Promise<Judged[]> {
  const { invalidObjects, stixValidation, allowCustom } = ctx.use(threatSettings);
  const validator = stixValidation === 'full' ? ctx.find(stixValidator) : null;
  const all: Judged[] = [];
  for (const [index, value] of values.entries()) {
    if (index % slice === slice - 1) await turn();
    const judged = judgeWhole(judgeObject(value, from + index), validator, allowCustom);
    if (isFault(judged) && invalidObjects === 'refuse')
      throw InputError.at(
        ['objects', String(from + index)],
        `Invalid stix object: ${judged.stixId}; ${judged.message}`,
      );
    all.push(isFault(judged) ? judged : toFit(judged));
  }
  return all;
}

function judgeWhole(
  judged: StixEssence | StixFault,
  validator: StixValidator | null,
  allowCustom: boolean,
): StixEssence | StixFault {
  const message = isFault(judged) ? null : (validator?.judge(judged.body, allowCustom) ?? null);
  return message === null ? judged : { stixId: judged.stixId, version: judged.version, message };
}

function toFit({ stixId, type, specVersion, version, body }: StixEssence): Fit {
  const { patternError, note } = readIndicator(body);
  const hash = hashOf(body, specVersion);
  return { object: { id: newId(), stixId, type, specVersion, version, body, hash, patternError }, note };
}
