import type { Reading, SourceRow } from '#resolvers/network/imports/row.ts';

/** One prefix a line; what follows a `#` is a comment, and empty lines mean nothing. */
export function readPrefixList(text: string): Reading {
  const rows = text.split(/\r?\n|\r/).flatMap((line, index): SourceRow[] => {
    const [cidr = ''] = line.split('#');
    const ref = cidr.trim();
    return ref === '' ? [] : [{ row: index + 1, kind: 'NETWORK', ref, fields: { cidr: ref } }];
  });
  return { rows, numbering: 'line', ignored: new Map() };
}
