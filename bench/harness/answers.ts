import { isDeepStrictEqual } from 'node:util';

/** Answers that ought to be the same and are not: then nothing that was measured means anything. */
export class DifferentAnswers extends Error {
  constructor(what: string, ours: unknown, theirs: unknown) {
    const { path, one, other } = firstDifference(ours, theirs);
    super(`${what}: the answers differ${path && ` at ${path}`}.\n  ${excerpt(one)}\n  ${excerpt(other)}`);
    this.name = 'DifferentAnswers';
  }
}

const excerpt = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, 600);

/** The innermost place at which two values that are not the same differ. */
function firstDifference(one: unknown, other: unknown): { path: string; one: unknown; other: unknown } {
  for (const [key, part] of entriesOf(one)) {
    const counterpart = (other as Record<string, unknown> | null | undefined)?.[key];
    if (isDeepStrictEqual(part, counterpart) || typeof other !== 'object') continue;
    const inner = firstDifference(part, counterpart);
    return { ...inner, path: inner.path === '' ? key : `${key}.${inner.path}` };
  }
  return { path: '', one, other };
}

const entriesOf = (value: unknown) => (typeof value === 'object' && value !== null ? Object.entries(value) : []);

/** @throws DifferentAnswers, after the global ids in both were read: every server has its own way to write them. */
export function expectSame(what: string, ours: unknown, theirs: unknown): void {
  const [one, other] = [withRowIds(ours), withRowIds(theirs)];
  if (!isDeepStrictEqual(one, other)) throw new DifferentAnswers(what, one, other);
}

const rowId = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

function withRowIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withRowIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === 'id' && typeof part === 'string'
        ? (rowId.exec(Buffer.from(part, 'base64').toString('utf8'))?.[0] ?? part)
        : withRowIds(part),
    ]),
  );
}
