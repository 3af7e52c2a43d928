import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConflictError } from '#kernel/errors.ts';
import { newId } from '#kernel/id.ts';
import { applyThreatConfig } from '#resolvers/threat/config/apply.ts';
import { createDataCollection } from '#resolvers/threat/data-collections/create.ts';
import { deleteDataCollection } from '#resolvers/threat/data-collections/delete.ts';
import { findDataCollection } from '#resolvers/threat/data-collections/find.ts';
import { replaceDataCollectionServices } from '#resolvers/threat/data-collections/services.ts';
import { updateDataCollection } from '#resolvers/threat/data-collections/update.ts';
import { submitInboxMessage } from '#resolvers/threat/inbox/submit.ts';
import { createService } from '#resolvers/threat/services/create.ts';
import { deleteService } from '#resolvers/threat/services/delete.ts';
import { findServicesOf } from '#resolvers/threat/services/find.ts';
import { updateService } from '#resolvers/threat/services/update.ts';
import { newServerDatabase, stopSharedServer } from '../../support/database.ts';
import { findPostgres } from '../../support/postgres.ts';
import { openThreat, type TestThreat } from '../../support/threat.ts';

const machine = findPostgres() ? 'PostgreSQL server' : 'PostgreSQL server (no initdb and postgres on this machine)';

/** Two gateways on one database: what one process may do between the statements of another. */
describe.skipIf(!findPostgres())(`two gateways on one ${machine}`, { timeout: 90_000 }, () => {
  let threats: [TestThreat, TestThreat];
  beforeAll(async () => {
    const url = await newServerDatabase();
    threats = [await openThreat({ url }), await openThreat({ url })];
  }, 60_000);
  afterAll(async () => {
    for (const threat of threats ?? []) await threat.gateway.dispose();
    await stopSharedServer();
  });

  const ctx = (index: number) => (threats[index % 2] ?? threats[0]).all;
  const fresh = (serviceId = newId()) =>
    createService(ctx(0), {
      serviceId,
      address: `/services/${serviceId}`,
      kind: { inbox: { acceptAllContent: true } },
    });
  const collection = (services: string[] = []) =>
    createDataCollection(ctx(0), {
      name: newId(),
      acceptAllContent: true,
      services: services.map((serviceId) => ({ serviceId })),
    });

  /** One of the calls does it, and the others are told of a conflict. */
  async function expectOne(work: readonly Promise<unknown>[]): Promise<void> {
    const outcomes = await Promise.allSettled(work);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refused).toHaveLength(work.length - 1);
    for (const error of refused) expect(error).toBeInstanceOf(ConflictError);
  }

  test('of ten services that move to one path at once one does', async () => {
    const services = await Promise.all(Array.from({ length: 10 }, () => fresh()));
    const address = `/services/${newId()}`;
    await expectOne(services.map(({ serviceId }, n) => updateService(ctx(n), { by: { serviceId }, address })));
  });

  test('of ten data collections that take one name at once one does', async () => {
    const collections = await Promise.all(Array.from({ length: 10 }, () => collection()));
    const name = newId();
    await expectOne(collections.map((one, n) => updateDataCollection(ctx(n), { by: { name: one.name }, name })));
  });

  test('a service that is deleted while it is attached is attached to nothing', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [one, service] = [await collection(), await fresh()];
      const by = { serviceId: service.serviceId };
      const outcomes = await Promise.allSettled([
        replaceDataCollectionServices(ctx(0), { by: { name: one.name }, services: [by] }),
        deleteService(ctx(1), { by }),
      ]);
      expect(outcomes[1]?.status).toBe('fulfilled');
      if (outcomes[0]?.status === 'rejected') expect(outcomes[0].reason).toMatchObject({ code: 'BAD_USER_INPUT' });
      expect(await findServicesOf(threats[0].gateway.context(), one)).toEqual([]);
    }
  });

  test('volumes are exact whatever pushes, deletions and documents race', async () => {
    const inbox = await fresh();
    const [kept, lost] = [await collection([inbox.serviceId]), await collection([inbox.serviceId])];
    const push = (n: number) =>
      submitInboxMessage(ctx(n), {
        service: { serviceId: inbox.serviceId },
        contentBlocks: [{ content: 'x' }, { content: 'y' }],
      });
    const outcomes = await Promise.allSettled([
      ...Array.from({ length: 10 }, (_, n) => push(n)),
      deleteDataCollection(ctx(1), { by: { name: lost.name } }),
      applyThreatConfig(ctx(0), { document: { apiRoots: [{ slug: `r-${newId().slice(0, 8)}`, title: 'R' }] } }),
      ...Array.from({ length: 10 }, (_, n) => push(n)),
    ]);
    const pushed = outcomes.filter((outcome, n) => n !== 10 && n !== 11 && outcome.status === 'fulfilled').length;
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'NOT_FOUND' });
    expect(await findDataCollection(ctx(0), { name: kept.name })).toMatchObject({ volume: pushed * 2 });
    expect(await findDataCollection(ctx(0), { name: lost.name })).toBeNull();
  });

  test('documents that race for the same things make each of them once', async () => {
    const prefix = newId();
    const document = {
      dataCollections: [1, 2, 3].map((n) => ({ name: `${prefix}-${n}`, services: [] })),
    };
    const outcomes = await Promise.all([0, 1, 2, 3].map((n) => applyThreatConfig(ctx(n), { document })));
    const created = outcomes.flatMap((outcome) => outcome.created.map(({ key }) => key));
    expect(created.sort()).toEqual([1, 2, 3].map((n) => `${prefix}-${n}`));
  });
});
