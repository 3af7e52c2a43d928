import { z } from 'zod';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** The most bytes and levels of one document that somebody gives. */
const mostBytes = 1024 * 1024;
const mostDepth = 64;

/** Keys that would reach a prototype when objects are merged. */
const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor']);

/**
 * A JSON value that is kept as it is given: arguments of jobs, settings, documents. Refused are more than 1 MiB, more
 * than 64 levels, NUL in a text, numbers that JSON has not, and the keys `__proto__` and `constructor`.
 */
export const jsonValue = (name: string) =>
  z.unknown().transform((value, check): Json => {
    const fault = faultOf(value, 0);
    if (fault === null && Buffer.byteLength(JSON.stringify(value)) <= mostBytes) return value as Json;
    check.addIssue(`${name} ${fault ?? 'may not be larger than 1 MiB'}.`);
    return z.NEVER;
  });

/** The same for a value that must be an object. */
export const jsonObject = (name: string) =>
  jsonValue(name).transform((value, check): JsonObject => {
    if (isJsonObject(value)) return value;
    check.addIssue(`${name} must be a JSON object.`);
    return z.NEVER;
  });

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function faultOf(value: unknown, depth: number): string | null {
  if (depth > mostDepth) return `may not be deeper than ${mostDepth} levels`;
  switch (typeof value) {
    case 'string':
      if (value.includes('\u0000')) return 'may not hold NUL in a text';
      return value.isWellFormed() ? null : 'may not hold halves of surrogate pairs';
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : 'may hold finite numbers only';
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return firstFault(value, depth);
      for (const key of Object.keys(value)) {
        if (forbiddenKeys.has(key)) return `may not hold the key ${key}`;
        const fault = faultOf(key, depth);
        if (fault !== null) return fault;
      }
      return firstFault(Object.values(value), depth);
    default:
      return 'must be JSON';
  }
}

function firstFault(values: readonly unknown[], depth: number): string | null {
  for (const value of values) {
    const fault = faultOf(value, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}
