import type { Context } from '#kernel/context.ts';
import { UnavailableError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { secretBox } from '#kernel/secret-box.ts';
import { type ImportInput, type ImportOrder, importInput } from '#resolvers/network/imports/input.ts';

const purposeOf = (id: string): string => `network.inventoryImport.order/${id}`;

/**
 * What was asked of an import as it is kept while that waits: files may hold secrets of devices.
 * @returns null while there is no key.
 */
export function sealOrder(ctx: Context, id: string, input: ImportInput): string | null {
  try {
    return ctx.use(secretBox).seal(JSON.stringify(input), purposeOf(id));
  } catch (error) {
    if (error instanceof UnavailableError) return null;
    throw error;
  }
}

/** @throws UnavailableError when no key opens it any more. */
export const openOrder = (ctx: Context, id: string, sealed: string): ImportOrder =>
  parse(importInput, JSON.parse(ctx.use(secretBox).open(sealed, purposeOf(id))));
