import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { type FieldFault, InputError, NotFoundError } from '#kernel/errors.ts';
import type { FeedSelection } from '#kernel/feed.ts';
import { parse } from '#kernel/input.ts';
import { isJsonObject, type Json, type JsonObject, jsonObject, jsonValue } from '#kernel/json.ts';
import { accountKey } from '#resolvers/platform/accounts/account.ts';
import { permittedOwner } from '#resolvers/platform/accounts/queries.ts';
import { newEtag, requireEtag } from '#resolvers/platform/etag.ts';
import { settingDeleted, settingEvents, settingUpdated, tellSetting } from '#resolvers/platform/settings/events.ts';
import {
  invalidName,
  merge,
  type SettingPath,
  settingPath,
  settingRules,
  settingStore,
  valueAt,
  without,
  wrap,
} from '#resolvers/platform/settings/setting.ts';

const SettingRead = z.object({ path: settingPath, account: accountKey.nullish() });

/** What an account has set at a path, over the defaults. */
export async function readSetting(ctx: Context, input: z.input<typeof SettingRead>): Promise<Json> {
  const { path, account } = parse(SettingRead, input);
  const owner = await permittedOwner(ctx, account ?? null, 'setting:read');
  const [kept] = await ctx.use(settingStore).getMany([owner]);
  return required(shown(ctx, kept?.value ?? {}, path));
}

const shown = (ctx: Context, value: JsonObject, path: SettingPath): Json | undefined =>
  valueAt(merge(ctx.use(settingRules).defaults, value), path);

function required(value: Json | undefined): Json {
  if (value === undefined) throw new NotFoundError('setting not found', ['path']);
  return value;
}

const SettingUpdate = z.object({
  path: settingPath,
  value: jsonValue('value'),
  account: accountKey.nullish(),
  etag: z.string().nullish(),
});

export interface SettingChange {
  readonly changed: boolean;
  /** What is at the path now, with the defaults; null where nothing is. */
  readonly value: Json | null;
  readonly etag: string;
}

/** Merges a value into what an account has set at a path. */
export async function updateSetting(ctx: Context, input: z.input<typeof SettingUpdate>): Promise<SettingChange> {
  const { path, value, account, etag } = parse(SettingUpdate, input);
  requirePlaceable(ctx, path, value);
  const owner = await permittedOwner(ctx, account ?? null, 'setting:write');
  return changeSetting(ctx, { accountId: owner, path, etag, event: settingUpdated }, (before) => {
    const after = merge(before, wrap(path, value)) as JsonObject;
    return parse(allTogether, { value: after }).value;
  });
}

/** What was merged is held to the same limits as what was given. */
const allTogether = z.object({ value: jsonObject('What is set together') });

const SettingDelete = z.object({ path: settingPath, account: accountKey.nullish(), etag: z.string().nullish() });

/** Drops what an account has set at a path: the defaults show again. */
export async function deleteSetting(ctx: Context, input: z.input<typeof SettingDelete>): Promise<SettingChange> {
  const { path, account, etag } = parse(SettingDelete, input);
  const owner = await permittedOwner(ctx, account ?? null, 'setting:write');
  return changeSetting(ctx, { accountId: owner, path, etag, event: settingDeleted }, (before) => {
    if (path.length > 0) {
      required(valueAt(before, path));
      return without(before, path);
    }
    required(Object.keys(before).length > 0 ? before : undefined);
    return {};
  });
}

interface Wish {
  readonly accountId: string;
  readonly path: SettingPath;
  readonly etag: string | null | undefined;
  readonly event: typeof settingUpdated;
}

async function changeSetting(
  ctx: Context,
  { accountId, path, etag, event }: Wish,
  next: (before: JsonObject) => JsonObject,
): Promise<SettingChange> {
  return ctx.atomically(async (ctx) => {
    const store = ctx.use(settingStore);
    const now = new Date(ctx.clock.now()).toISOString();
    const before = await store.take({ accountId, value: {}, etag: newEtag(), createdAt: now, updatedAt: now });
    if (etag != null) requireEtag(before.etag, etag);
    const value = next(before.value);
    const changed = !isDeepStrictEqual(before.value, value);
    const kept = changed ? { ...before, value, etag: newEtag(), updatedAt: now } : before;
    if (changed) {
      await store.put(kept);
      tellSetting(ctx, event, { accountId, path }, valueAt(before.value, path), valueAt(value, path));
    }
    return { changed, value: shown(ctx, value, path) ?? null, etag: kept.etag };
  });
}

/**
 * At the root stands an object of objects, on the first level an object, below anything. Names of the first two levels
 * are not empty, and those of the first that begin with _ are the gateway's own.
 */
function requirePlaceable(ctx: Context, path: SettingPath, value: Json): void {
  const { defaults } = ctx.use(settingRules);
  const faults: FieldFault[] = [];
  const fault = (...at: string[]) => faults.push({ path: at, message: invalidName });
  const level = (name: string, at: string[], inner: Json | undefined) => {
    if (name === '' || (name.startsWith('_') && !Object.hasOwn(defaults, name))) fault(...at);
    if (inner === undefined) return;
    if (!isJsonObject(inner)) fault(...at);
    else if (Object.hasOwn(inner, '')) fault(...at, '');
  };
  const [first] = path;
  if (first !== undefined) {
    level(first, path.length === 1 ? ['value'] : ['path', '0'], path.length === 1 ? value : undefined);
  } else if (!isJsonObject(value)) fault('value');
  else for (const [name, inner] of Object.entries(value)) level(name, ['value', name], inner);
  if (faults.length > 0) throw new InputError(faults);
}

/** What happens to the settings that the viewer may see: his own, and with setting:read those of all. */
export async function watchSettings(): Promise<FeedSelection> {
  return { names: settingEvents.map(({ name }) => name) };
}
