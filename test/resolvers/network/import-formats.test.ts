import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError, PayloadTooLargeError } from '#kernel/errors.ts';
import { Cell } from '#resolvers/network/attributes/check.ts';
import { readCsv } from '#resolvers/network/imports/formats/csv.ts';
import { readJsonRows } from '#resolvers/network/imports/formats/json.ts';
import { jsonFault } from '#resolvers/network/imports/formats/json-syntax.ts';
import { readPrefixList } from '#resolvers/network/imports/formats/prefix-list.ts';
import { checkRowCount, checkSize, decodeText } from '#resolvers/network/imports/formats/text.ts';
import { readObjects } from '#resolvers/network/imports/netbox/objects.ts';

/** What is wrong with the text as a whole. */
function faultsOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof InputError) return error.fields.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw error;
  }
  return [];
}

const bare = ({ rows }: { readonly rows: readonly object[] }) => rows.map((row) => ({ ...row }));

describe('bytes', () => {
  test('become text where they are UTF-8', () => {
    expect(decodeText(Buffer.from('San José 🛰 \uFFFD'))).toBe('San José 🛰 \uFFFD');
  });

  test('are refused with the place of the first that is none', () => {
    const bytes = Buffer.concat([Buffer.from('10.0.0.0/8\nSan Jos'), Buffer.from([0xe9]), Buffer.from('\n')]);
    expect(faultsOf(() => decodeText(bytes))).toEqual([
      'text: The text is not UTF-8: byte 18 (line 2) is not part of a character.',
    ]);
    expect(faultsOf(() => decodeText(Buffer.from([0xff])))).toHaveLength(1);
    expect(faultsOf(() => decodeText(Buffer.from('é').subarray(0, 1)))).toHaveLength(1);
  });

  test('and rows may not be too many: the error names the limit', () => {
    expect(() => checkSize('é', 1)).toThrow(
      new PayloadTooLargeError('The text has 2 bytes; network.import.maxBytes allows 1. Import it in parts.', ['text']),
    );
    expect(() => checkRowCount(3, 2)).toThrow('network.import.maxRows allows 2');
    checkSize('é', 2);
    checkRowCount(2, 2);
  });
});

describe('a list of prefixes', () => {
  test('has one a line, with comments and empty lines, whatever ends its lines', () => {
    expect(bare(readPrefixList('# all\n10.0.0.0/8\r\n\n  10.1.0.0/16  # sjc\n#\n::/0'))).toEqual([
      { row: 2, kind: 'NETWORK', ref: '10.0.0.0/8', fields: { cidr: '10.0.0.0/8' } },
      { row: 4, kind: 'NETWORK', ref: '10.1.0.0/16', fields: { cidr: '10.1.0.0/16' } },
      { row: 6, kind: 'NETWORK', ref: '::/0', fields: { cidr: '::/0' } },
    ]);
  });
});

describe('JSON', () => {
  test('is an array of rows, counted from 0', () => {
    expect(
      bare(readJsonRows(' [{"kind":"device","site":"S","hostname":"r1"},{"kind":"site","name":"S"}]', null)),
    ).toEqual([
      { row: 0, kind: 'DEVICE', ref: 'r1', fields: { site: 'S', hostname: 'r1' } },
      { row: 1, kind: 'SITE', ref: 'S', fields: { name: 'S' } },
    ]);
  });

  test('or one row a line, counted from 1', () => {
    expect(bare(readJsonRows('{"kind":"network","cidr":"::/0"}\n\n{"hostname":"r1"}\r\n', 'DEVICE'))).toEqual([
      { row: 1, kind: 'NETWORK', ref: '::/0', fields: { cidr: '::/0' } },
      { row: 3, kind: 'DEVICE', ref: 'r1', fields: { hostname: 'r1' } },
    ]);
  });

  test('fails rows that are no objects or do not say what they are', () => {
    const { rows } = readJsonRows('[1, null, [], {"name":"S"}, {"kind":"rack"}]', null);
    expect(rows.map(({ kind, verdict }) => [kind, verdict?.reason?.message])).toEqual([
      ['UNKNOWN', 'A row must be an object of fields.'],
      ['UNKNOWN', 'A row must be an object of fields.'],
      ['UNKNOWN', 'A row must be an object of fields.'],
      [
        'UNKNOWN',
        'The row does not say its kind. Give one of site, attribute, protocolType, device, network, interface, circuit, protocol.',
      ],
      [
        'UNKNOWN',
        '"rack" is no kind of row: give one of site, attribute, protocolType, device, network, interface, circuit, protocol.',
      ],
    ]);
  });

  test('is refused as a whole where it is none, with line and column', () => {
    expect(faultsOf(() => readJsonRows('[\n  {"kind": "site", name: "S"}\n]', null))).toEqual([
      'text: The text is not JSON: line 2, column 20 cannot be read.',
    ]);
    expect(faultsOf(() => readJsonRows('{"kind":"site"}\n{"kind":"site",}\nnonsense', null))).toEqual([
      'text: The text is not JSON: line 2, column 16 cannot be read.',
      'text: The text is not JSON: line 3, column 1 cannot be read.',
    ]);
    expect(faultsOf(() => readJsonRows('[{"kind":"site"', null))).toEqual([
      'text: The text is not JSON: line 1, column 16 cannot be read.',
    ]);
  });

  test('names the token that was spoiled, in any text', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (text, place) => {
        const at = place % (text.length + 1);
        const spoiled = `${text.slice(0, at)}\u0001${text.slice(at)}`;
        expect(jsonFault(spoiled)).toBeLessThanOrEqual(at);
        expect(() => JSON.parse(spoiled.slice(0, jsonFault(spoiled)) + spoiled.slice(at))).toThrow();
      }),
    );
  });
});

describe('CSV', () => {
  test('has a row of names, quotes, line breaks in cells, and lines as numbers', () => {
    const text = 'kind,site,name,description,cidr\r\nsite,,S,"a ""b"",\nc",\r\n\r\nnetwork,S,,,10.0.0.0/8\r\n';
    expect(bare(readCsv(text, null))).toEqual([
      { row: 2, kind: 'SITE', ref: 'S', fields: { name: 'S', description: 'a "b",\nc' } },
      { row: 5, kind: 'NETWORK', ref: '10.0.0.0/8', fields: { site: 'S', cidr: '10.0.0.0/8' } },
    ]);
  });

  test('gives numbers and attributes, several values split by a bar', () => {
    const text = 'networkAddress,prefixLength,attributes.tags,attributes.__proto__\n10.0.0.0,8,a\\|b|c|,x\n';
    const [row] = readCsv(text, 'NETWORK').rows;
    expect(row?.fields).toEqual({
      networkAddress: '10.0.0.0',
      prefixLength: 8,
      attributes: Object.fromEntries([
        ['tags', new Cell(['a|b', 'c', ''])],
        ['__proto__', new Cell(['x'])],
      ]),
    });
  });

  test('reads a cell as the kind of its row has it', () => {
    const text =
      'kind,type,multi,constraints.pattern,constraints.validValues,addresses\ninterface,161,,,,10.0.0.1|10.0.0.2\nprotocol,161,,,,\nattribute,,true,a|b,x|y,\nattribute,,yes,,,\n';
    expect(readCsv(text, null).rows.map(({ fields }) => fields)).toEqual([
      { type: 161, addresses: ['10.0.0.1', '10.0.0.2'] },
      { type: '161' },
      { multi: true, constraints: { pattern: 'a|b', validValues: ['x', 'y'] } },
      { multi: 'yes' },
    ]);
  });

  test('fails rows with more or fewer cells than columns', () => {
    const { rows } = readCsv('hostname,site\nr1\nr2,S,more\nr3,S\n', 'DEVICE');
    expect(rows.map(({ row, verdict }) => [row, verdict?.reason?.message])).toEqual([
      [2, 'The header names 2 columns, and the row has cells for 1.'],
      [3, 'The header names 2 columns, and the row has cells for 3.'],
      [4, undefined],
    ]);
  });

  test('is refused as a whole for unknown and repeated columns, all at once', () => {
    expect(faultsOf(() => readCsv('hostname,rack,site,site\nr1,1,S,S\n', 'DEVICE'))).toEqual([
      'text: The text has an unknown column 2 ("rack"): known are kind, name, description, site, resource, required, display, multi, constraints.allowEmpty, constraints.pattern, constraints.validValues, requiredAttributes, hostname, cidr, networkAddress, prefixLength, state, device, type, macAddress, speed, parent, addresses, forceAddresses, endpointA, endpointZ, interface, circuit, authString and attributes.<name>.',
      'text: The text names column 4 ("site") twice.',
    ]);
  });

  test('is refused as a whole where it is none, with the line', () => {
    const [fault] = faultsOf(() => readCsv('hostname,site\nr1,"S\nr2,S\n', 'DEVICE'));
    expect(fault).toMatch(/^text: The text is not CSV: .*line 3\.$/);
  });

  test('is empty where there is nothing, or names alone', () => {
    expect(readCsv('', null).rows).toEqual([]);
    expect(readCsv('kind,name\n', null).rows).toEqual([]);
  });
});

describe('an export of NetBox', () => {
  test('is refused where it is no array', () => {
    expect(faultsOf(() => readObjects('{"model":"dcim.site"}'))).toEqual([
      'text: The text is no NetBox export: it must be an array of {model, pk, fields}.',
    ]);
    expect(faultsOf(() => readObjects('[{]'))).toEqual([
      'text: The text is not JSON: line 1, column 3 cannot be read.',
    ]);
  });

  test('fails entries that are no rows of a model, and finds the others by key', () => {
    const file = readObjects('[7, {"model":"dcim.site"}, {"model":"dcim.site","pk":3,"fields":{"name":"S"}}]');
    expect(file.broken.map(({ row, verdict }) => [row, verdict?.outcome])).toEqual([
      [0, 'FAILED'],
      [1, 'FAILED'],
    ]);
    expect(file.find('dcim.site', 3)?.fields).toEqual({ name: 'S' });
    expect(file.find('dcim.site', 4)).toBe(null);
  });
});
