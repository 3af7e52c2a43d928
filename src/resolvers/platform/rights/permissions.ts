import { z } from 'zod';
import { catalogue, type PermissionArea } from '#kernel/catalogue.ts';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { sought } from '#kernel/input.ts';
import { formatPermission, parsePermission } from '#kernel/permission.ts';
import { distinct } from '#resolvers/platform/accounts/account.ts';

/** The most permissions, or roles, that one account, role or key holds itself. */
const longestList = 1000;

export const permissionTexts = z
  .array(z.string('A permission must be a text.').normalize('NFC'))
  .max(longestList, `permissions may not hold more than ${longestList}; use roles.`);

export const roleNames = z.array(sought('A role')).max(longestList, `roles may not hold more than ${longestList}.`);

/**
 * Permissions as they are kept: names in scopes become ids, repetitions collapse.
 * @param path of the list in the input.
 * @throws InputError naming every one that is no permission, or whose scope names nothing.
 */
export async function resolvePermissions(
  ctx: Context,
  texts: readonly string[],
  path: readonly string[] = ['permissions'],
): Promise<string[]> {
  const { areas } = ctx.use(catalogue);
  const resolved = await Promise.all(texts.map((text) => resolvePermission(ctx, text, areas)));
  const faults = texts.flatMap((text, index) =>
    resolved[index] === null
      ? [{ path: [...path, String(index)], message: `Invalid permission "${text.slice(0, 512)}".` }]
      : [],
  );
  if (faults.length > 0) throw new InputError(faults);
  return distinct(resolved.filter((text) => text !== null));
}

/** One permission as it is kept, or null where it is none. */
export async function resolvePermission(
  ctx: Context,
  text: string,
  areas: ReadonlyMap<string, PermissionArea>,
): Promise<string | null> {
  if (text === '*') return text;
  const permission = parsePermission(text, areas);
  const area = permission && areas.get(permission.area);
  if (!permission || !area) return null;
  const kind = permission.scope && area.kinds?.[permission.scope.kind];
  if (!permission.scope || !kind) return formatPermission(permission, area);
  const value = await kind.resolve(ctx, permission.scope.value);
  if (value === null) return null;
  const scope = typeof value === 'string' ? { kind: permission.scope.kind, value } : value;
  return formatPermission({ ...permission, scope }, area);
}

/** Permissions as people write them: ids in scopes become names again. */
export async function displayPermissions(ctx: Context, kept: readonly string[]): Promise<string[]> {
  const { areas } = ctx.use(catalogue);
  return Promise.all(
    kept.map(async (text) => {
      const permission = parsePermission(text, areas);
      const area = permission && areas.get(permission.area);
      const kind = permission?.scope && area?.kinds?.[permission.scope.kind];
      if (!permission?.scope || !area || !kind) return text;
      const value = await kind.display(ctx, permission.scope.value);
      return formatPermission({ ...permission, scope: { ...permission.scope, value } }, area);
    }),
  );
}

/**
 * Permissions as people write them, those of one area alone, or of one scope (`site/SJC`, a pattern, a path), when asked.
 */
export async function showPermissions(
  ctx: Context,
  kept: readonly string[],
  only: { readonly area?: string | null; readonly scope?: string | null } = {},
): Promise<string[]> {
  const shown = await displayPermissions(ctx, kept);
  return shown
    .filter((text) => only.area == null || text.startsWith(`${only.area}:`))
    .filter((text) => only.scope == null || text.slice(text.indexOf('@') + 1 || text.length) === only.scope)
    .sort();
}
