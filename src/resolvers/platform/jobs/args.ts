import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { z } from 'zod';
import { InputError } from '#kernel/errors.ts';
import { type JobOptions, jobOptions } from '#kernel/job.ts';
import { type JsonObject, jsonObject } from '#kernel/json.ts';

/** The canonical JSON of RFC 8785: equal for equal values, whatever the order of their keys. */
export const canonicalJson = (value: JsonObject): string => canonicalize(value) ?? 'null';

/** What makes two jobs of one name the same: SHA-256 of the canonical JSON, in hex; null when there are no arguments. */
export function hashArgs(args: JsonObject): string | null {
  if (Object.keys(args).length === 0) return null;
  return createHash('sha256').update(canonicalJson(args)).digest('hex');
}

const givenArgs = jsonObject('args')
  .nullish()
  .transform((args) => args ?? {});
const givenOptions = jobOptions.nullish().transform((options) => options ?? {});

/**
 * Arguments and options as they are given for a class, checked together.
 * @param prefix put in front of every path.
 * @throws InputError with every fault of both.
 */
export function readJobInput(
  schema: z.ZodType,
  given: { readonly args?: unknown; readonly options?: unknown },
  prefix: readonly string[] = [],
): { args: JsonObject; options: JobOptions } {
  const args = givenArgs.safeParse(given.args);
  const fitting = args.success ? schema.safeParse(args.data) : args;
  const options = givenOptions.safeParse(given.options);
  if (args.success && fitting.success && options.success) return { args: args.data, options: options.data };
  throw new InputError([...faultsOf('args', fitting, prefix), ...faultsOf('options', options, prefix)]);
}

const faultsOf = (part: string, result: z.ZodSafeParseResult<unknown>, prefix: readonly string[]) =>
  (result.error?.issues ?? []).flatMap((issue) =>
    // An unknown key is at fault itself, not the object around it.
    (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [key]) : [[]]).map((key) => ({
      path: [...prefix, part, ...issue.path.map(String), ...key],
      message: issue.message,
    })),
  );
