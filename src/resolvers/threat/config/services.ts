import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { InputError } from '#kernel/errors.ts';
import { parse } from '#kernel/input.ts';
import { type Entry, keyText, noSuchKeys, settleEntries } from '#resolvers/threat/config/document.ts';
import { type ConfigItem, type ConfigOutcome, noOutcome } from '#resolvers/threat/config/outcome.ts';
import { given } from '#resolvers/threat/input.ts';
import { prefixesOf } from '#resolvers/threat/services/address.ts';
import { freshService, insertServices } from '#resolvers/threat/services/create.ts';
import { removeServices } from '#resolvers/threat/services/delete.ts';
import { byServiceId } from '#resolvers/threat/services/find.ts';
import { type KindName, kindNames, ownDefaults, ownFields, serviceFields } from '#resolvers/threat/services/input.ts';
import { serviceGlobalId, serviceStore, serviceTypes, type TaxiiService } from '#resolvers/threat/services/service.ts';
import { writeServices } from '#resolvers/threat/services/update.ts';

/** Brings the services to what a document says: those that it does not name are deleted. */
export async function applyServices(ctx: Context, entries: readonly Entry[]): Promise<ConfigOutcome> {
  const store = ctx.use(serviceStore);
  const locked = await store.lock(await store.allIds());
  const present = locked.filter((service) => service !== null).sort(byServiceId);
  const known = new Map(present.map((service) => [service.serviceId, service]));
  const read = entryReader(ctx);
  const wanted = settleEntries(
    entries,
    (entry) => keyText(entry, 'serviceId'),
    (entry, key) => read(entry, known.get(key) ?? null),
  );
  const gone = present.filter(({ serviceId }) => !wanted.has(serviceId));
  // What is deleted gives its path free for the others.
  if (gone.length > 0) await removeServices(ctx, gone);
  const changes = present.flatMap((before) => {
    const after = wanted.get(before.serviceId);
    return after ? [{ before, after }] : [];
  });
  const written = await writeServices(ctx, changes);
  const fresh = [...wanted.values()].filter(({ serviceId }) => !known.has(serviceId));
  const made = fresh.length > 0 ? await insertServices(ctx, fresh) : [];
  const updated = written.filter((service, index) => service !== changes[index]?.before);
  return {
    ...noOutcome,
    created: made.map(toItem),
    updated: updated.map(toItem),
    deleted: gone.map(toItem),
    unchanged: changes.length - updated.length,
  };
}

const toItem = (service: TaxiiService): ConfigItem => ({
  type: serviceTypes[service.kind],
  key: service.serviceId,
  id: serviceGlobalId(service),
});

/** Reads an entry as a change of the service that there is, or as a new one. */
function entryReader(ctx: Context): (entry: Entry, present: TaxiiService | null) => TaxiiService {
  const { serviceId, address, ...rest } = serviceFields(prefixesOf(ctx));
  const schemaOf = (kind: KindName, isNew: boolean) =>
    z.strictObject(
      { ...rest, ...ownFields[kind].shape, serviceId, address: isNew ? address : address.optional() },
      { error: noSuchKeys(`A service of type ${words[kind]}`) },
    );
  return ({ values }, present) => {
    const { type, ...fields } = values;
    const kind = kindFrom(type, present);
    const said = given(parse(schemaOf(kind, present === null), withStandardCounts(fields)) as object);
    return present ? ({ ...present, ...said } as TaxiiService) : freshService(ctx, kindNames[kind], said);
  };
}

/** What documents call the kinds. */
const words: Readonly<Record<KindName, string>> = {
  discovery: 'discovery',
  inbox: 'inbox',
  poll: 'poll',
  collectionManagement: 'collection_management',
};

function kindFrom(type: unknown, present: TaxiiService | null): KindName {
  const names = Object.keys(words) as KindName[];
  const said = names.find((name) => type === words[name] || type === name || type === kindNames[name]);
  const kept = present && names.find((name) => kindNames[name] === present.kind);
  if (type === undefined && kept) return kept;
  if (!said) throw InputError.at(['type'], `type must be one of ${Object.values(words).join(', ')}.`);
  if (kept && kept !== said)
    throw InputError.at(
      ['type'],
      `${present?.serviceId} is a service of type ${words[kept]}, which never changes: delete it first, or take another id.`,
    );
  return said;
}

/** In documents of other systems −1 stands for the default. */
function withStandardCounts(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const standard = ownDefaults.POLL as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value === -1 && name.startsWith('maxResult') ? standard[name] : value,
    ]),
  );
}
