import { type CountedKind, type RowKind, rowKinds } from '#resolvers/network/imports/inventory-import.ts';
import { fieldsOf } from '#resolvers/network/imports/read-wish.ts';
import { failure, type SourceRow } from '#resolvers/network/imports/row.ts';

/** How files write a kind: `device`. */
const written = (kind: RowKind): string => kind.toLowerCase();
const known = rowKinds.map(written).join(', ');

/**
 * A row whose fields say what kind it is, or do not.
 * @param usual the kind of rows that do not say it.
 */
export function rowOf(
  row: number,
  { kind: given, ...fields }: Readonly<Record<string, unknown>>,
  usual: RowKind | null,
): SourceRow {
  const kind = given === undefined ? usual : rowKinds.find((candidate) => written(candidate) === given);
  if (kind) return { row, kind, ref: refOf(kind, fields), fields };
  const message =
    given === undefined
      ? `The row does not say its kind. Give one of ${known}.`
      : `${JSON.stringify(given)?.slice(0, 100)} is no kind of row: give one of ${known}.`;
  return { ...nameless(row), fields, verdict: failure('BAD_USER_INPUT', message, ['kind']) };
}

/** A row that is not even an object of fields. */
export const notAnObject = (row: number): SourceRow => ({
  ...nameless(row),
  fields: {},
  verdict: failure('BAD_USER_INPUT', 'A row must be an object of fields.'),
});

const nameless = (row: number): { row: number; kind: CountedKind; ref: string } => ({ row, kind: 'UNKNOWN', ref: '' });

/** The natural key, where the row has one to show. */
function refOf(kind: RowKind, fields: Readonly<Record<string, unknown>>): string {
  const names = { SITE: ['name'], DEVICE: ['hostname'], NETWORK: ['cidr', 'networkAddress'] }[kind];
  const key = names.map((name) => fields[name]).find((value) => typeof value === 'string');
  return typeof key === 'string' ? key.slice(0, 255) : '';
}

/** Every name that a row of some kind may have, besides attributes. */
export const allFields: ReadonlySet<string> = new Set(rowKinds.flatMap((kind) => fieldsOf[kind]));
