import { CsvError, parse } from 'csv-parse/sync';
import { Cell } from '#resolvers/network/attributes/check.ts';
import { allFields, rowOf } from '#resolvers/network/imports/formats/kind.ts';
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
    throw badText(`The text is not CSV: ${error.message}.`);
  }
}

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
  const isAttribute = ({ name }: { readonly name: string }) => name.startsWith(attributePrefix);
  const attributes = given
    .filter(isAttribute)
    .map(({ name, cell }) => [name.slice(attributePrefix.length), toCell(cell)] as const);
  const plain = given
    .filter((entry) => !isAttribute(entry))
    .map(({ name, cell }) => [name, name === 'prefixLength' && /^\d{1,9}$/.test(cell) ? Number(cell) : cell] as const);
  const fields = {
    ...Object.fromEntries(plain),
    ...(attributes.length > 0 && { attributes: Object.fromEntries(attributes) }),
  };
  const row = rowOf(line, fields, usual);
  if (cells.length === columns.length) return row;
  const message = `The header names ${columns.length} columns, and the row has cells for ${cells.length}.`;
  return { ...row, verdict: failure('BAD_USER_INPUT', message) };
}

/** Several values in one cell are split by `|`; `\|` is the character itself. */
const toCell = (cell: string): Cell => new Cell(cell.split(/(?<!\\)\|/).map((value) => value.replaceAll('\\|', '|')));
