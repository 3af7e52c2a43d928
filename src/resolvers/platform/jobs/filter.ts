import { z } from 'zod';
import { logic, textMatch } from '#kernel/filter.ts';
import { instant, sought } from '#kernel/input.ts';
import { jsonValue } from '#kernel/json.ts';
import {
  type HighState,
  highStateOf,
  type JobFilter,
  type JobState,
  type JobTerms,
  jobFlags,
  jobStates,
} from '#resolvers/platform/jobs/job.ts';

export const highStates = ['WAITING', 'RUNNING', 'STOPPED'] as const satisfies readonly HighState[];
/** A list of some of these values. */
export const oneOf = <Values extends readonly [string, ...string[]]>(values: Values, name: string) =>
  z.array(z.enum(values, `${name} must be some of ${values.join(', ')}.`)).nullish();

const given = logic({
  name: textMatch().nullish(),
  state: oneOf(jobStates, 'state'),
  highState: oneOf(highStates, 'highState'),
  flags: oneOf(jobFlags, 'flags'),
  worker: textMatch().nullish(),
  by: textMatch().nullish(),
  enqueued: z.object({ from: instant().nullish(), to: instant().nullish() }).nullish(),
  args: z
    .array(z.object({ path: z.array(sought('A key')).min(1).max(64), eq: jsonValue('eq') }))
    .max(20)
    .nullish(),
});
type GivenFilter = z.output<typeof given>;

/** Which jobs, and of which table: `journaled` stands at the top alone. */
export const jobFilter: z.ZodType<GivenFilter & { journaled?: boolean | null }> = z.intersection(
  given,
  z.object({ journaled: z.boolean().nullish() }),
);

/** The states that both conditions leave. */
function statesOf({ state, highState }: Pick<GivenFilter, 'state' | 'highState'>): readonly JobState[] | undefined {
  if (!highState) return state ?? undefined;
  const high = jobStates.filter((one) => highState.includes(highStateOf(one) as HighState));
  return state ? high.filter((one) => state.includes(one)) : high;
}

/** A filter as storages take it. */
export function keptFilter({ and, or, not, state, highState, ...terms }: GivenFilter): JobFilter {
  const states = statesOf({ state, highState });
  return {
    ...(terms as JobTerms),
    ...(states && { state: states }),
    ...(and && { and: and.map(keptFilter) }),
    ...(or && { or: or.map(keptFilter) }),
    ...(not && { not: keptFilter(not) }),
  };
}
