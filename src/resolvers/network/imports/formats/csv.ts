import { CsvError, parse } from 'csv-parse/sync';
import { Cell } from '#resolvers/network/attributes/check.ts';
import { type CellForm, fieldsOf } from '#resolvers/network/imports/fields.ts';
import { allFields, kindOf, rowOf } from '#resolvers/network/imports/formats/kind.ts';
import { badText } from '#resolvers/network/imports/formats/text.ts';
import type { RowKind } from '#resolvers/network/imports/inventory-import.ts';
import { failure, type Reading, type SourceRow } from '#resolvers/network/imports/row.ts';

const attributePrefix = 'attributes.';

/** A record with the line on which it begins. */
interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Rows by RFC 4180 below a row of names: `kind`, the fields of all kinds, and `attributes.<name>`. An empty cell says
 * nothing.
 * @throws InputError for a text that is not CSV, naming the line, and for unknown or repeated columns.
 */
export function readCsv(text: string, usual: RowKind | null): Reading {
  const [header, ...records] = readRecords(text);
  if (!header) return { rows: [], numbering: 'line', ignored: new Map() };
  const columns = header.cells.map((name) => name.trim());
  checkColumns(columns);
  return {
    rows: records.map((record) => toRow(record, columns, usual)),
    numbering: 'line',
    ignored: new Map(),
  };
}

function readRecords(text: string): CsvRecord[] {
  try {
    const found: unknown = parse(text, { info: true, relax_column_count: true, skip_empty_lines: true });
    return (found as { record: string[]; info: { lines: number } }[]).map(({ record, info }) => ({
      line: info.lines - breaksIn(record),
      cells: record,
    }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // The message of the reader may quote a cell, and a cell may be a secret.
    const { code, lines } = error as CsvError & { readonly lines?: number };
    throw badText(`The text is not CSV: ${faults[code] ?? 'it cannot be read'} at line ${lines ?? '?'}.`);
  }
}

const faults: Readonly<Record<string, string>> = {
  CSV_INVALID_CLOSING_QUOTE: 'something stands behind the closing quote of a cell',
  CSV_QUOTE_NOT_CLOSED: 'the quote of a cell is not closed',
  INVALID_OPENING_QUOTE: 'a quote stands within a cell that does not begin with one',
};

const breaksIn = (cells: readonly string[]): number =>
  cells.reduce((count, cell) => count + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);

function checkColumns(columns: readonly string[]): void {
  const faults = columns.flatMap((name, index) => {
    const where = `column ${index + 1} ("${name.slice(0, 100)}")`;
    if (columns.indexOf(name) < index) return [`The text names ${where} twice.`];
    const isKnown =
      name === 'kind' || allFields.has(name) || (name.startsWith(attributePrefix) && name !== attributePrefix);
    return isKnown
      ? []
      : [`The text has an unknown ${where}: known are kind, ${[...allFields].join(', ')} and attributes.<name>.`];
  });
  if (faults.length > 0) throw badText(...faults);
}

function toRow({ line, cells }: CsvRecord, columns: readonly string[], usual: RowKind | null): SourceRow {
  const given = columns.flatMap((name, index) => {
    const cell = cells[index] ?? '';
    return cell === '' ? [] : [{ name, cell }];
  });
  const kind = kindOf(given.find(({ name }) => name === 'kind')?.cell, usual);
  const forms: Readonly<Record<string, CellForm>> = kind ? fieldsOf[kind] : {};
  const fields = new Map<string, unknown>();
  const inner = new Map<string, [string, unknown][]>();
  for (const { name, cell } of given) {
    const dot = name.indexOf('.');
    const [outer, rest] = dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot + 1)];
    const value = name.startsWith(attributePrefix) ? new Cell(splitValues(cell)) : readCell(forms[name], cell);
    if (dot < 0) fields.set(name, value);
    else inner.set(outer, [...(inner.get(outer) ?? []), [rest, value]]);
  }
  for (const [name, entries] of inner) fields.set(name, Object.fromEntries(entries));
  const row = rowOf(line, Object.fromEntries(fields), usual);
  if (cells.length === columns.length) return row;
  const message = `The header names ${columns.length} columns, and the row has cells for ${cells.length}.`;
  return { ...row, verdict: failure('BAD_USER_INPUT', message) };
}

/** A cell that cannot be read in its form stays a text, and fails where the row is checked. */
function readCell(form: CellForm | undefined, cell: string): unknown {
  if (form === 'list') return splitValues(cell);
  if (form === 'whole' && /^-?\d{1,15}$/.test(cell)) return Number(cell);
  if (form === 'flag' && (cell === 'true' || cell === 'false')) return cell === 'true';
  return cell;
}

/** Several values in one cell are split by `|`; `\|` is the character itself. */
const splitValues = (cell: string): string[] => cell.split(/(?<!\\)\|/).map((value) => value.replaceAll('\\|', '|'));
