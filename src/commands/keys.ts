import { fromGlobalId, isUuid } from '#kernel/id.ts';

/** A look-up key for what a person wrote: an id when it is one of this type, else the natural key. */
export function keyOf(type: string, naturalKey: string, text: string): Readonly<Record<string, string>> {
  const isId = isUuid(text) || fromGlobalId(text)?.type === type;
  return isId ? { id: text } : { [naturalKey]: text };
}

export const siteKeyOf = (text: string) => keyOf('Site', 'name', text);

/** `{ site }` where a Site is named, else nothing. */
export const inSite = (text: string | undefined) => (text === undefined ? {} : { site: siteKeyOf(text) });
