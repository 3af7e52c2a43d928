import { readJson } from '#resolvers/network/imports/formats/json-syntax.ts';
import { badText } from '#resolvers/network/imports/formats/text.ts';
import { failure, type SourceRow } from '#resolvers/network/imports/row.ts';

/** One entry of an export: a row of a model. */
export interface NetboxObject {
  readonly row: number;
  readonly model: string;
  /** Some models are exported without one. */
  readonly pk: number | string | null;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Another entry with the same key and other fields. */
  readonly rival: NetboxObject | null;
}

/** An export, by model. */
export interface NetboxFile {
  readonly size: number;
  readonly models: readonly string[];
  /** Its rows by their keys, whatever their order in the file. */
  of(model: string): readonly NetboxObject[];
  find(model: string, pk: unknown): NetboxObject | null;
  /** The keys of the tags of an object. */
  tagsOf(ref: string): readonly unknown[];
  /** Entries that are no rows of a model. */
  readonly broken: readonly SourceRow[];
}

/** @throws InputError for a text that is no JSON array. */
export function readObjects(text: string): NetboxFile {
  const values = readJson(text);
  if (!Array.isArray(values))
    throw badText('The text is no NetBox export: it must be an array of {model, pk, fields}.');
  const broken: SourceRow[] = [];
  const objects = values.flatMap((value: unknown, row) => {
    const object = toObject(value, row);
    if (!object) broken.push(notAnObject(row));
    return object ?? [];
  });
  const byModel = Map.groupBy(withRivals(objects).sort(byKey), (object) => object.model);
  const byRef = new Map<string, NetboxObject>();
  for (const object of [...byModel.values()].flat()) {
    const other = byRef.get(refOf(object));
    // Of rivals the same one is found whatever the order of the rows.
    if (!other || (object.rival && contentOf(object) < contentOf(other))) byRef.set(refOf(object), object);
  }
  const tags = Map.groupBy(byModel.get('extras.taggeditem') ?? [], ({ fields }) =>
    refOf({ model: typeOf(fields.content_type) ?? '', pk: fields.object_id as NetboxObject['pk'] }),
  );
  return {
    size: values.length,
    models: [...byModel.keys()],
    of: (model) => byModel.get(model) ?? [],
    find: (model, pk) => byRef.get(`${model}:${pk}`) ?? null,
    tagsOf: (ref) => (tags.get(ref) ?? []).map(({ fields }) => fields.tag),
    broken,
  };
}

const contentOf = ({ fields }: NetboxObject): string => JSON.stringify(fields);

/** How the export calls an object: `dcim.device:74`. */
export const refOf = ({ model, pk }: Pick<NetboxObject, 'model' | 'pk'>): string =>
  pk === null ? model : `${model}:${pk}`;

/** What an object is found by in a later import. */
export const identityOf = (object: NetboxObject): { readonly identity?: string } =>
  object.pk === null ? {} : { identity: refOf(object) };

function toObject(value: unknown, row: number): NetboxObject | null {
  if (typeof value !== 'object' || value === null) return null;
  const { model, pk = null, fields } = value as Record<string, unknown>;
  if (typeof model !== 'string' || typeof fields !== 'object' || fields === null || Array.isArray(fields)) return null;
  if (pk !== null && typeof pk !== 'number' && typeof pk !== 'string') return null;
  return { row, model, pk, fields: fields as Record<string, unknown>, rival: null };
}

const notAnObject = (row: number): SourceRow => ({
  row,
  kind: 'UNKNOWN',
  ref: '',
  fields: {},
  verdict: failure('BAD_USER_INPUT', 'A row of a NetBox export must have model and fields.'),
});

function withRivals(objects: readonly NetboxObject[]): NetboxObject[] {
  const firsts = new Map<string, NetboxObject>();
  const rivals = new Map<NetboxObject, NetboxObject>();
  for (const object of objects) {
    if (object.pk === null) continue;
    const first = firsts.get(refOf(object)) ?? object;
    firsts.set(refOf(object), first);
    if (first === object || contentOf(first) === contentOf(object)) continue;
    rivals.set(object, first);
    if (!rivals.has(first)) rivals.set(first, object);
  }
  return objects.map((object) => ({ ...object, rival: rivals.get(object) ?? null }));
}

/** Numbers in order, then texts; whatever has no key comes last. */
export function byKey({ pk: one }: Pick<NetboxObject, 'pk'>, { pk: other }: Pick<NetboxObject, 'pk'>): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  const rank = (pk: NetboxObject['pk']) => (pk === null ? 2 : typeof pk === 'string' ? 1 : 0);
  const [first, second] = [String(one), String(other)];
  return rank(one) - rank(other) || (first < second ? -1 : Number(first > second));
}

/** The model that a reference to a type names: `["dcim","site"]` or `"dcim.site"`. */
export function typeOf(reference: unknown): string | null {
  if (Array.isArray(reference) && reference.length === 2) return reference.join('.');
  return typeof reference === 'string' ? reference : null;
}

/** What an object becomes when it contradicts another one. */
export const contradicted = ({ row, rival }: NetboxObject) =>
  rival
    ? failure(
        'CONTRADICTION',
        `${refOf(rival)} is in row ${Math.min(row, rival.row)} and in row ${Math.max(row, rival.row)}, with other fields.`,
      )
    : null;
