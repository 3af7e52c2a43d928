import { isNetwork } from '#kernel/addresses.ts';
import { isUuid } from '#kernel/id.ts';
import { notACursor, type PageRequest, type Position } from '#kernel/page.ts';

/** What the keys of an order hold. Lists are ordered by values that are never null. */
export type KeyType = 'text' | 'uuid' | 'integer' | 'instant' | 'network';

const forms: Readonly<Record<KeyType, (text: string) => boolean>> = {
  text: (text) => !text.includes('\u0000'),
  uuid: isUuid,
  integer: (text) => /^-?\d{1,18}$/.test(text),
  instant: (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(text) && !Number.isNaN(Date.parse(text)),
  network: isNetwork,
};

/**
 * The positions of a request, once they fit the order of the list. They come from clients, who may send the cursor of
 * another list.
 * @throws InputError naming the argument.
 */
export function fittingPositions(
  types: readonly KeyType[],
  { after, before }: PageRequest,
): { after: Position | null; before: Position | null } {
  const check = (position: Position | null, path: string) => {
    const fits = position?.length === types.length && types.every((type, key) => forms[type](position[key] ?? ''));
    if (position && !fits) throw notACursor(path);
    return position;
  };
  return { after: check(after, 'after'), before: check(before, 'before') };
}
