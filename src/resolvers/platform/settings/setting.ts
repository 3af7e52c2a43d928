import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '#kernel/json.ts';
import { definePort } from '#kernel/port.ts';

/** What an account has set for itself, as one object. Instants are ISO 8601 in UTC with milliseconds. */
export interface Setting {
  readonly accountId: string;
  /** Objects at the first level, any JSON below. Defaults are no part of it. */
  readonly value: JsonObject;
  readonly etag: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** What the platform asks of the storage of settings. */
export interface SettingStore {
  getMany(accountIds: readonly string[]): Promise<(Setting | null)[]>;
  /** The settings of an account, which the unit has for itself until its end; `fresh` where there were none. */
  take(fresh: Setting): Promise<Setting>;
  /** Keeps what this unit took. */
  put(setting: Setting): Promise<void>;
  /** Forgets those of an account. */
  forget(accountId: string): Promise<void>;
}

export const settingStore = definePort<SettingStore>('platform.settings');

/** What shows through where an account has set nothing. */
export interface SettingRules {
  readonly defaults: JsonObject;
}

export const settingRules = definePort<SettingRules>('settings.rules');

/** The one answer to names and values that cannot stand where they are given. */
export const invalidName = 'Invalid resource name';

/** Names from the root down; keys may hold any character. */
export const settingPath = z
  .array(z.string().min(1, invalidName))
  .max(64, 'path may not be longer than 64 names.')
  .nullish()
  .transform((path) => path ?? []);

export type SettingPath = readonly string[];

/** The value at a path; undefined where there is none. */
export function valueAt(root: Json, path: SettingPath): Json | undefined {
  let value: Json | undefined = root;
  for (const name of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** Objects key by key, all the way down; anything else takes the place of what was there. */
export function merge(below: Json | undefined, above: Json): Json {
  if (!isJsonObject(below) || !isJsonObject(above)) return above;
  const merged: Record<string, Json> = { ...below };
  for (const [key, value] of Object.entries(above))
    merged[key] = merge(Object.hasOwn(below, key) ? below[key] : undefined, value);
  return merged;
}

/** The object that says this value at this path, and nothing else. */
export const wrap = (path: SettingPath, value: Json): Json =>
  path.reduceRight<Json>((inner, name) => ({ [name]: inner }), value);

/** The object without what stands at the path, which exists in it. */
export function without(root: JsonObject, [name = '', ...rest]: SettingPath): JsonObject {
  const { [name]: value, ...others } = root;
  return rest.length === 0 ? others : { ...root, [name]: without(value as JsonObject, rest) };
}
