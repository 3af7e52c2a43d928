import { notACursor, type Page, type PageRequest, toPage } from '#kernel/page.ts';

/**
 * A page of things that are all at hand, such as what plugins declare.
 * @param sorted in the order of the key, by code points.
 * @param keyOf unique.
 */
export function pageOfSorted<T>(sorted: readonly T[], keyOf: (item: T) => string, request: PageRequest): Page<T> {
  const bound = (position: PageRequest['after'], path: string): string | null => {
    if (position !== null && position.length !== 1) throw notACursor(path);
    return position?.[0] ?? null;
  };
  const after = bound(request.after, 'after');
  const before = bound(request.before, 'before');
  const within = sorted.filter((item) => {
    const key = keyOf(item);
    return (after === null || key > after) && (before === null || key < before);
  });
  const ordered = request.direction === 'forward' ? within : within.toReversed();
  const fetched = ordered.slice(request.offset, request.offset + request.limit + 1);
  return toPage(
    request,
    fetched,
    (item) => [keyOf(item)],
    async () => sorted.length,
  );
}
