import { jsonFault, readJson } from '#resolvers/network/imports/formats/json-syntax.ts';
import { notAnObject, rowOf } from '#resolvers/network/imports/formats/kind.ts';
import { badText, toldFaults } from '#resolvers/network/imports/formats/text.ts';
import type { RowKind } from '#resolvers/network/imports/inventory-import.ts';
import type { Reading, SourceRow } from '#resolvers/network/imports/row.ts';

/**
 * An array of rows, or one row a line.
 * @throws InputError for a text that is not JSON, naming the place.
 */
export function readJsonRows(text: string, usual: RowKind | null): Reading {
  return text.trimStart().startsWith('[') ? readArray(text, usual) : readLines(text, usual);
}

function readArray(text: string, usual: RowKind | null): Reading {
  const values = readJson(text) as unknown[];
  return { rows: values.map((value, index) => toRow(index, value, usual)), numbering: 'row', ignored: new Map() };
}

function readLines(text: string, usual: RowKind | null): Reading {
  const faults: string[] = [];
  const rows = text.split('\n').flatMap((line, index): SourceRow[] => {
    if (line.trim() === '') return [];
    try {
      return [toRow(index + 1, JSON.parse(line), usual)];
    } catch {
      faults.push(`The text is not JSON: line ${index + 1}, column ${jsonFault(line) + 1} cannot be read.`);
      return [];
    }
  });
  if (faults.length > 0) throw badText(...faults.slice(0, toldFaults));
  return { rows, numbering: 'line', ignored: new Map() };
}

function toRow(row: number, value: unknown, usual: RowKind | null): SourceRow {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? rowOf(row, value as Record<string, unknown>, usual) : notAnObject(row);
}
