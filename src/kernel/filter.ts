import { z } from 'zod';
import { sought } from '#kernel/input.ts';
import { compilePattern } from '#kernel/pattern.ts';

/** Conditions on a text; all that are given must hold. A null value is unequal to every text. */
export interface TextMatch {
  readonly eq?: string | null;
  readonly ne?: string | null;
  readonly in?: readonly string[] | null;
  /** `*` for any characters, `?` for one; without regard to case. */
  readonly like?: string | null;
}

/** The most members of a list within a filter. */
const longestList = 1000;

const condition = () => sought('A condition').nullish();

/** @param fold applied to what is compared exactly, for texts that are kept folded. */
export const textMatch = (fold: (text: string) => string = (text) => text) =>
  z
    .object({
      eq: condition(),
      ne: condition(),
      in: z
        .array(sought('A condition'))
        .max(longestList, `A filter compares with ${longestList} texts at most.`)
        .nullish(),
      like: condition(),
    })
    .transform(
      (match): TextMatch => ({
        ...(match.eq != null && { eq: fold(match.eq) }),
        ...(match.ne != null && { ne: fold(match.ne) }),
        ...(match.in != null && { in: match.in.map(fold) }),
        ...(match.like != null && { like: match.like }),
      }),
    );

/** How texts are compared without regard to case, everywhere: in memory and in columns made for it. */
export const foldText = (text: string): string => text.normalize('NFC').toLowerCase();

export function matchesText(match: TextMatch, value: string | null): boolean {
  if (match.eq != null && value !== match.eq) return false;
  if (match.ne != null && value === match.ne) return false;
  if (match.in != null && (value === null || !match.in.includes(value))) return false;
  return match.like == null || (value !== null && likePattern(match.like).matchesAll(foldText(value)));
}

const likePattern = (like: string) =>
  compilePattern(
    `(?s)${foldText(like)
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}`,
  );

/** The same condition for SQL's `LIKE` with `\` as escape, to be held against a folded column. */
export const sqlLike = (like: string): string =>
  foldText(like)
    .replace(/[%_\\]/g, '\\$&')
    .replaceAll('*', '%')
    .replaceAll('?', '_');

/** Terms, all of which must hold, and filters combined with `and`, `or` and `not`. */
export type Logic<Terms> = Terms & {
  readonly and?: readonly Logic<Terms>[] | null;
  readonly or?: readonly Logic<Terms>[] | null;
  readonly not?: Logic<Terms> | null;
};

/** A schema for `Logic` around one for its terms. */
export function logic<Terms extends z.ZodRawShape>(terms: Terms) {
  const filter: z.ZodType<Logic<z.output<z.ZodObject<Terms>>>> = z.lazy(() =>
    z.object({
      ...terms,
      and: z.array(filter).max(longestList).nullish(),
      or: z.array(filter).max(longestList).nullish(),
      not: filter.nullish(),
    }),
  ) as never;
  return filter;
}

/** What a filter means in some other form, such as a condition of SQL. An empty `or` holds nowhere. */
export function foldLogic<Terms, Result>(
  filter: Logic<Terms>,
  form: {
    terms(terms: Terms): Result;
    and(parts: readonly Result[]): Result;
    or(parts: readonly Result[]): Result;
    not(part: Result): Result;
  },
): Result {
  const { and, or, not, ...terms } = filter;
  return form.and([
    form.terms(terms as Terms),
    ...(and ?? []).map((part) => foldLogic(part, form)),
    ...(or ? [form.or(or.map((part) => foldLogic(part, form)))] : []),
    ...(not ? [form.not(foldLogic(not, form))] : []),
  ]);
}

/** Whether a row passes a filter. */
export function matchesLogic<Terms>(filter: Logic<Terms>, matches: (terms: Terms) => boolean): boolean {
  return foldLogic<Terms, boolean>(filter, {
    terms: matches,
    and: (parts) => parts.every(Boolean),
    or: (parts) => parts.some(Boolean),
    not: (part) => !part,
  });
}
