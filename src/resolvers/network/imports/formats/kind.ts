import { fieldsOf } from '#resolvers/network/imports/fields.ts';
import { type CountedKind, type RowKind, rowKinds } from '#resolvers/network/imports/inventory-import.ts';
import { failure, type SourceRow } from '#resolvers/network/imports/row.ts';

/** How files write a kind: `protocolType`. */
const written = (kind: RowKind): string =>
  kind.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
const known = rowKinds.map(written).join(', ');

/** The kind that a row says, the usual one where it says none; null for what is no kind. */
export const kindOf = (given: unknown, usual: RowKind | null): RowKind | null =>
  given === undefined ? usual : (rowKinds.find((candidate) => written(candidate) === given) ?? null);

/**
 * A row whose fields say what kind it is, or do not.
 * @param usual the kind of rows that do not say it.
 */
export function rowOf(
  row: number,
  { kind: given, ...fields }: Readonly<Record<string, unknown>>,
  usual: RowKind | null,
): SourceRow {
  const kind = kindOf(given, usual);
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

/** The natural key, or what comes closest to one, where the row has it to show. Never what may be a secret. */
function refOf(kind: RowKind, fields: Readonly<Record<string, unknown>>): string {
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
  const refs: Readonly<Record<RowKind, () => string>> = {
    SITE: () => text('name'),
    ATTRIBUTE: () => `${text('resource')} ${text('name')}`.trim(),
    PROTOCOL_TYPE: () => text('name'),
    DEVICE: () => text('hostname'),
    NETWORK: () => text('cidr') || text('networkAddress'),
    INTERFACE: () => `${text('device')}:${text('name')}`,
    CIRCUIT: () => text('name') || `${text('endpointA')}_${text('endpointZ') || 'None'}`,
    PROTOCOL: () => `${text('type')} on ${text('device')}`,
  };
  return refs[kind]().slice(0, 255);
}

/** Every name that a row of some kind may have, besides attributes. */
export const allFields: ReadonlySet<string> = new Set(rowKinds.flatMap((kind) => Object.keys(fieldsOf[kind])));
