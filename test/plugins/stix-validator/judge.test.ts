import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '#kernel/json.ts';
import { judgeStix } from '#plugins/stix-validator/judge.ts';
import { stixTypes } from '#plugins/stix-validator/types.ts';
import { attackObjects } from '../../support/attack.ts';

const uuid = '5e113376-8a13-432d-b711-92f566ebbd92';
const hash = 'aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f';
const time = '2024-01-01T12:00:00.000Z';
const later = '2024-01-01T12:00:00.0000001Z';

/** The least that an object of each type says. */
const least: Readonly<Record<string, JsonObject>> = {
  'attack-pattern': { name: 'n' },
  campaign: { name: 'n' },
  'course-of-action': { name: 'n' },
  grouping: { context: 'suspicious-activity', object_refs: [`malware--${uuid}`] },
  identity: { name: 'n' },
  incident: { name: 'n' },
  indicator: { pattern: "[url:value = 'x']", pattern_type: 'stix', valid_from: time },
  infrastructure: { name: 'n' },
  'intrusion-set': { name: 'n' },
  location: { country: 'fr' },
  malware: { is_family: false },
  'malware-analysis': { product: 'p', result: 'benign' },
  note: { content: 'c', object_refs: [`malware--${uuid}`] },
  'observed-data': {
    first_observed: time,
    last_observed: time,
    number_observed: 1,
    object_refs: [`ipv4-addr--${uuid}`],
  },
  opinion: { opinion: 'agree', object_refs: [`malware--${uuid}`] },
  report: { name: 'n', published: time, object_refs: [`malware--${uuid}`] },
  'threat-actor': { name: 'n' },
  tool: { name: 'n' },
  vulnerability: { name: 'n' },
  relationship: { relationship_type: 'uses', source_ref: `tool--${uuid}`, target_ref: `x-mitre-asset--${uuid}` },
  sighting: { sighting_of_ref: `indicator--${uuid}` },
  'marking-definition': { definition_type: 'tlp', definition: { tlp: 'red' } },
  'language-content': { object_ref: `tool--${uuid}`, contents: { de: { name: 'n' } } },
  'extension-definition': {
    created_by_ref: `identity--${uuid}`,
    name: 'n',
    schema: 's',
    version: '1',
    extension_types: ['new-sdo'],
  },
  artifact: { payload_bin: 'AQID' },
  'autonomous-system': { number: 64496 },
  directory: { path: '/' },
  'domain-name': { value: 'x.example' },
  'email-addr': { value: 'a@b.example' },
  'email-message': { is_multipart: false },
  file: { hashes: { 'SHA-256': hash } },
  'ipv4-addr': { value: '192.0.2.1' },
  'ipv6-addr': { value: '2001:db8::1' },
  'mac-addr': { value: '00:00:5e:00:53:01' },
  mutex: { name: 'n' },
  'network-traffic': { src_ref: `ipv4-addr--${uuid}`, protocols: ['tcp'] },
  process: { pid: 1 },
  software: { name: 'n' },
  url: { value: 'http://x.example/' },
  'user-account': { user_id: '0' },
  'windows-registry-key': {},
  'x509-certificate': { serial_number: '1' },
};

const sample = (type: string, more: JsonObject = {}): JsonObject => {
  const history = stixTypes.get(type)?.properties.some(({ name }) => name === 'modified');
  return {
    type,
    spec_version: '2.1',
    id: `${type}--${uuid}`,
    ...((history || type === 'marking-definition') && { created: time }),
    ...(history && { modified: time }),
    ...least[type],
    ...more,
  };
};
const judge = (type: string, more?: JsonObject, allowCustom = false) => judgeStix(sample(type, more), allowCustom);

describe('what STIX 2.1 says of each type', () => {
  test('knows all of its types', () => {
    expect([...stixTypes.keys()].sort()).toEqual(Object.keys(least).sort());
  });

  test.each(Object.keys(least))('takes the least that %s says, and nothing less', (type) => {
    expect(judge(type)).toBeNull();
    for (const name of Object.keys(least[type] ?? {})) {
      const { [name]: _, ...rest } = sample(type);
      expect(judgeStix(rest, true)).toMatch(/^No values for required properties: |: is required/);
    }
  });

  test('names all that is missing', () => {
    const { pattern, valid_from, created, ...rest } = sample('indicator');
    expect(judgeStix(rest, true)).toBe('No values for required properties: created, pattern, valid_from');
    expect(judgeStix({ type: 'malware', id: `malware--${uuid}` }, true)).toBe(
      'No values for required properties: created, modified, is_family',
    );
  });

  test('looks at objects without a version as at 2.1, and leaves other versions alone', () => {
    const { spec_version: _, ...rest } = sample('tool');
    expect(judgeStix(rest, false)).toBeNull();
    expect(judgeStix({ ...rest, name: 7 }, false)).toBe('name: must be a text');
    expect(judgeStix({ ...rest, name: 7, spec_version: '2.0' }, false)).toBeNull();
  });
});

test.each<[type: string, more: JsonObject, fault: string]>([
  ['tool', { name: null }, 'name: must be a text'],
  ['tool', { confidence: 101 }, 'confidence: must be a whole number from 0 to 100'],
  ['tool', { confidence: 1.5 }, 'confidence: must be a whole number from 0 to 100'],
  ['tool', { revoked: 'no' }, 'revoked: must be true or false'],
  ['tool', { labels: [] }, 'labels: must be a list that is not empty'],
  ['tool', { labels: ['a', 1] }, 'labels[1]: must be a text'],
  ['tool', { created: '2024-01-01' }, 'created: must be an instant in UTC such as 2016-04-06T20:03:48.000Z'],
  ['tool', { created_by_ref: `malware--${uuid}` }, 'created_by_ref: must be the id of identity'],
  ['tool', { object_marking_refs: ['red'] }, 'object_marking_refs[0]: must be the id of an object'],
  [
    'tool',
    { external_references: [{ url: 'u' }] },
    'external_references[0]: No values for required properties: source_name',
  ],
  [
    'tool',
    { external_references: [{ source_name: 's' }] },
    'external_references[0]: No values for required properties: at least one of description, url, external_id',
  ],
  [
    'tool',
    { kill_chain_phases: [{ kill_chain_name: 'k', phase_name: 'p' }, {}] },
    'kill_chain_phases[1]: No values for required properties: kill_chain_name, phase_name',
  ],
  ['tool', { extensions: { a: 1 } }, 'extensions: "a" must be an object'],
  ['indicator', { valid_until: time }, 'valid_until: must be after valid_from'],
  ['campaign', { first_seen: later, last_seen: time }, 'last_seen: may not be before first_seen'],
  ['relationship', { start_time: time, stop_time: '2024-01-01T12:00:00Z' }, 'stop_time: must be after start_time'],
  ['malware', { is_family: true }, 'name: is required of a family'],
  ['location', { latitude: 48.8 }, 'No values for required properties: longitude, which latitude demands'],
  ['location', { latitude: 91, longitude: 0 }, 'latitude: must be a number from -90 to 90'],
  ['observed-data', { objects: { 0: {} } }, 'object_refs: is not for an object that has objects'],
  ['observed-data', { number_observed: 0 }, 'number_observed: must be a whole number from 1 to 999999999'],
  ['opinion', { opinion: 'maybe' }, 'opinion: must be strongly-disagree, disagree, neutral, agree or strongly-agree'],
  [
    'sighting',
    { where_sighted_refs: [`tool--${uuid}`] },
    'where_sighted_refs[0]: must be the id of identity or location',
  ],
  ['file', { hashes: { 'SHA-256': 'abc' } }, 'hashes: SHA-256 must be 64 hexadecimal digits'],
  ['file', { hashes: {} }, 'hashes: must be an object that is not empty'],
  ['file', { magic_number_hex: 'abc' }, 'magic_number_hex: must be hexadecimal digits in pairs'],
  ['artifact', { url: 'u', hashes: { MD5: '0'.repeat(32) } }, 'url: is not for an object that has payload_bin'],
  ['artifact', { payload_bin: '{}' }, 'payload_bin: must be in base64'],
  [
    'artifact',
    { decryption_key: 'k' },
    'No values for required properties: encryption_algorithm, which decryption_key demands',
  ],
  ['network-traffic', { src_port: 65536 }, 'src_port: must be a whole number from 0 to 65535'],
  ['network-traffic', { is_active: true, end: time }, 'end: is not for traffic that is active'],
  [
    'email-message',
    { body_multipart: [{ body: 'b' }] },
    'body_multipart: is not for a message where is_multipart is false',
  ],
  ['process', { pid: 'x' }, 'pid: must be a whole number'],
])('refuses %s with %j', (type, more, fault) => {
  expect(judge(type, more, true)).toBe(fault);
});

describe('custom content', () => {
  test('is taken unless it is forbidden', () => {
    expect(judge('indicator', { x_my_custom_attr: 1, other: 2 }, true)).toBeNull();
    expect(judge('indicator', { x_my_custom_attr: 1, other: 2 })).toBe(
      'Unexpected properties: x_my_custom_attr, other',
    );
    expect(judge('x-thing', {}, true)).toBeNull();
    expect(judge('x-thing')).toBe('type: x-thing is no type of STIX 2.1');
  });

  test('is within STIX where a definition of an extension allows it', () => {
    const extension = (kind: string) => ({
      extensions: { [`extension-definition--${uuid}`]: { extension_type: kind } },
    });
    expect(judge('indicator', { rank: 5, ...extension('toplevel-property-extension') })).toBeNull();
    expect(judge('indicator', { rank: 5, ...extension('property-extension') })).toBe('Unexpected properties: rank');
    expect(judge('my-thing', extension('new-sdo'))).toBeNull();
    expect(judge('my-thing', extension('property-extension'))).toBe('type: my-thing is no type of STIX 2.1');
  });
});

test('takes all of a published bundle with its custom content, and only the standard of it without', () => {
  const objects = attackObjects() as unknown as JsonObject[];
  expect(objects).toHaveLength(1826);
  expect(objects.filter((object) => judgeStix(object, true) !== null)).toEqual([]);
  expect(objects.filter((object) => judgeStix(object, false) === null).map(({ type }) => type)).toEqual([
    'marking-definition',
  ]);
});

test('never throws, whatever the values', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...stixTypes.keys()),
      fc.jsonValue().filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
      fc.jsonValue(),
      fc.boolean(),
      (type, value, other, allowCustom) => {
        const names = stixTypes.get(type)?.properties.map(({ name }) => name) ?? [];
        const object = { ...(value as JsonObject), ...Object.fromEntries(names.map((name) => [name, other])), type };
        expect(['string', 'object']).toContain(typeof judgeStix(object as JsonObject, allowCustom));
      },
    ),
  );
});
