import { type FieldFault, InputError } from '#kernel/errors.ts';
import { isJsonObject } from '#kernel/json.ts';

/** One thing as a document has it, with its keys in camel case and under one name each. */
export interface Entry {
  /** Where it stands in the input. */
  readonly path: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** The sections of a document; null: absent, so that nothing of that kind is touched. */
export interface ConfigDocument {
  readonly services: readonly Entry[] | null;
  readonly dataCollections: readonly Entry[] | null;
  readonly apiRoots: readonly Entry[] | null;
  readonly taxiiCollections: readonly Entry[] | null;
}

type Section = keyof ConfigDocument;

/** What sections are called. The documents of OpenTAXII, which know data collections only, call them collections. */
const sections: Readonly<Record<string, Section>> = {
  services: 'services',
  dataCollections: 'dataCollections',
  collections: 'dataCollections',
  apiRoots: 'apiRoots',
  taxiiCollections: 'taxiiCollections',
};

/** Other names of keys, by section. */
const otherKeys: Readonly<Record<Section, Readonly<Record<string, string>>>> = {
  services: { id: 'serviceId' },
  dataCollections: { id: 'taxiiId', serviceIds: 'services' },
  apiRoots: { id: 'taxiiId' },
  taxiiCollections: { id: 'taxiiId' },
};

const mostEntries = 10_000;

const accountsRemedy =
  'Accounts are not set by this document: leave the section out, make them with `gatehouse account create` and give rights with `gatehouse account grant NAME threat:read@dataCollection/COLLECTION`.';

/**
 * The parts of a declarative document.
 * @throws InputError with every fault of its form.
 */
export function readDocument(document: unknown): ConfigDocument {
  if (!isJsonObject(document)) throw InputError.at(['document'], 'The document must be an object with sections.');
  const read: Record<Section, Entry[] | null> = {
    services: null,
    dataCollections: null,
    apiRoots: null,
    taxiiCollections: null,
  };
  const faults: FieldFault[] = [];
  for (const [name, list] of Object.entries(document)) {
    const path = ['document', name];
    const section = Object.hasOwn(sections, camelCase(name)) ? sections[camelCase(name)] : undefined;
    if (!section) faults.push({ path, message: name === 'accounts' ? accountsRemedy : `There is no section ${name}.` });
    else if (read[section]) faults.push({ path, message: `${name} is given twice, under two names.` });
    else if (!Array.isArray(list))
      faults.push({ path, message: `${name} must be a list: [] for none, or leave the section out.` });
    else if (list.length > mostEntries)
      faults.push({ path, message: `${name} may have ${mostEntries} entries at most.` });
    else {
      read[section] = list.flatMap((entry, index) => {
        const at = [...path, String(index)];
        if (isJsonObject(entry)) return { path: at, values: settled(entry, otherKeys[section]) };
        faults.push({ path: at, message: 'An entry must be an object.' });
        return [];
      });
    }
  }
  if (faults.length > 0) throw new InputError(faults);
  return read;
}

const camelCase = (key: string): string => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const flags: ReadonlySet<string> = new Set([
  'available',
  'authenticationRequired',
  'acceptAllContent',
  'destinationCollectionRequired',
  'subscriptionRequired',
  'subscriptionSupported',
  'isDefault',
  'isPublic',
  'isPublicWrite',
]);

/** How YAML 1.1 writes true and false. */
const words: ReadonlyMap<unknown, boolean> = new Map([
  ['yes', true],
  ['on', true],
  ['true', true],
  ['no', false],
  ['off', false],
  ['false', false],
]);

function settled(entry: object, names: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(entry).map(([given, value]) => {
      const camel = camelCase(given);
      const key = Object.hasOwn(names, camel) ? (names[camel] ?? camel) : camel;
      const word = typeof value === 'string' ? words.get(value.toLowerCase()) : undefined;
      return [key, flags.has(key) && word !== undefined ? word : value];
    }),
  );
}

/**
 * What entries stand for, by key; of several with one key the last counts.
 * @param settle throws InputError for an entry that is faulty.
 * @throws InputError with the faults of all entries, each at its place.
 */
export function settleEntries<Value>(
  entries: readonly Entry[],
  keyOf: (entry: Entry) => string,
  settle: (entry: Entry, key: string) => Value,
): Map<string, Value> {
  const faults: FieldFault[] = [];
  const attempt = <T>(entry: Entry, work: () => T): T | null => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      faults.push(...error.fields.map(({ path, message }) => ({ path: [...entry.path, ...path], message })));
      return null;
    }
  };
  const last = new Map<string, Entry>();
  for (const entry of entries) {
    const key = attempt(entry, () => keyOf(entry));
    if (key !== null) last.set(key, entry);
  }
  const values = new Map<string, Value>();
  for (const [key, entry] of last) {
    const value = attempt(entry, () => ({ settled: settle(entry, key) }));
    if (value) values.set(key, value.settled);
  }
  if (faults.length > 0) throw new InputError(faults);
  return values;
}

/** A message for keys that a thing does not have, for the schema of an entry. */
export const noSuchKeys =
  (what: string) =>
  (issue: { readonly code?: string; readonly keys?: readonly string[] }): string | undefined =>
    issue.code === 'unrecognized_keys' ? `${what} has no ${(issue.keys ?? []).join(' and no ')}.` : undefined;

/** The text under a key that names an entry. @throws InputError */
export function keyText({ values }: Entry, name: string): string {
  const text = values[name];
  if (typeof text === 'string' && text !== '') return text;
  throw InputError.at([name], `Give ${name}: it is what the entry is known by.`);
}
