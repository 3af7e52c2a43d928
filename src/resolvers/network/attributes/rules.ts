import { z } from 'zod';
import { line } from '#kernel/input.ts';
import { compilePattern } from '#kernel/pattern.ts';
import { type Constraints, noConstraints } from '#resolvers/network/attributes/attribute.ts';
import { regexSuffix } from '#resolvers/network/attributes/set-query.ts';
import { perSettings } from '#resolvers/network/settings.ts';

/** A name by the rules of the config. One that ends as regular expressions of set queries do could not be asked for. */
export const attributeName = perSettings(({ attribute: { namePattern } }) =>
  line('name', { min: 1, max: 64 })
    .refine((name) => name === '' || namePattern.finds(name), `name must match ${namePattern.source}.`)
    .refine((name) => !name.endsWith(regexSuffix), `name may not end in ${regexSuffix}.`),
);

export const attributeDescription = line('description', { max: 255 });

const pattern = line('pattern', { max: 512 }).check(({ value, issues }) => {
  try {
    compilePattern(value);
  } catch (error) {
    const message = `'${value}' is no regular expression: ${(error as Error).message}`;
    issues.push({ code: 'custom', message, input: value });
  }
});

const mostValues = 1000;

/** All three parts: those that are not given have their defaults. */
export const constraintsInput = z
  .object(
    {
      allowEmpty: z.boolean('allowEmpty must be true or false.').nullish(),
      pattern: pattern.nullish(),
      validValues: z
        .array(line('A valid value', { max: 255 }), 'validValues must be a list of texts.')
        .max(mostValues, `validValues may not hold more than ${mostValues} values.`)
        .nullish(),
    },
    'constraints must be an object.',
  )
  .transform(
    (given): Constraints => ({
      allowEmpty: given.allowEmpty ?? noConstraints.allowEmpty,
      pattern: given.pattern ?? noConstraints.pattern,
      validValues: [...new Set(given.validValues ?? noConstraints.validValues)],
    }),
  );

/** What of a definition may be given at any time. */
export const ruleFields = {
  description: attributeDescription.optional(),
  required: z.boolean('required must be true or false.').optional(),
  display: z.boolean('display must be true or false.').optional(),
  multi: z.boolean('multi must be true or false.').optional(),
  constraints: constraintsInput.optional(),
};

export interface GivenRules {
  readonly description?: string | undefined;
  readonly required?: boolean | undefined;
  readonly display?: boolean | undefined;
  readonly multi?: boolean | undefined;
  readonly constraints?: Constraints | undefined;
}

interface Rules {
  readonly description: string;
  readonly required: boolean;
  readonly display: boolean;
  readonly multi: boolean;
  readonly constraints: Constraints;
}

export const defaultRules: Rules = {
  description: '',
  required: false,
  display: false,
  multi: false,
  constraints: noConstraints,
};

/** What is given on top of what there was. What is required is displayed. */
export function applyRules<Former extends Rules>(former: Former, given: GivenRules): Former {
  const required = given.required ?? former.required;
  return {
    ...former,
    description: given.description ?? former.description,
    required,
    display: required || (given.display ?? former.display),
    multi: given.multi ?? former.multi,
    constraints: given.constraints ?? former.constraints,
  };
}
