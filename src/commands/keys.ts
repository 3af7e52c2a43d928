import { fromGlobalId, isUuid } from '#kernel/id.ts';

/** Whether a text is an id of a thing of this type. */
export const isId = (type: string, text: string): boolean => isUuid(text) || fromGlobalId(text)?.type === type;

/** A look-up key for what a person wrote: an id when it is one of this type, else the natural key. */
export function keyOf(type: string, naturalKey: string, text: string): Readonly<Record<string, string>> {
  return isId(type, text) ? { id: text } : { [naturalKey]: text };
}

export const siteKeyOf = (text: string) => keyOf('Site', 'name', text);

/** `{ site }` where a Site is named, else nothing. */
export const inSite = (text: string | undefined) => (text === undefined ? {} : { site: siteKeyOf(text) });
