import type pg from 'pg';
import { newId, toGlobalId } from '../../src/kernel/id.ts';

/** A device and its event, in one transaction: two statements between BEGIN and COMMIT. */
export function creation(pool: pg.Pool) {
  return async (body: unknown): Promise<unknown> => {
    const { siteId, hostname } = body as { siteId: string; hostname: string };
    const id = newId();
    const now = new Date().toISOString();
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await client.query({
        name: 'device',
        text: `INSERT INTO device (id, site_id, hostname, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
          ON CONFLICT DO NOTHING`,
        values: [id, siteId, hostname, now],
      });
      await client.query({ name: 'event', text: insertEvent, values: event({ id, siteId, hostname, now }) });
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
    return {
      deviceCreate: { __typename: 'DeviceCreateSuccess', device: { id: toGlobalId('Device', id), hostname } },
    };
  };
}

const insertEvent = `INSERT INTO event_outbox (turn, position, id, name, subject, scope, facts, account, actor, occurred_at,
    data, before, after, traceparent, tx, retain, truncated)
  VALUES (nextval('event_turn'), 0, $1, 'network.device.created', $2, $3, $4, NULL, $5, $6, $7, NULL, $8, NULL, $9,
    'AUDIT', false)`;

function event({ id, siteId, hostname, now }: { id: string; siteId: string; hostname: string; now: string }) {
  const device = { id: toGlobalId('Device', id), siteId: toGlobalId('Site', siteId), hostname };
  const scope = { site: [siteId, `${siteId}/device`], kind: 'device', device: id };
  const facts = [`site/${siteId}`, `site/${siteId}/device`, 'kind/device', `device/${id}`];
  const actor = { account: null, name: 'anonymous', credential: null, address: '127.0.0.1' };
  return [
    newId(),
    device.id,
    JSON.stringify(scope),
    facts,
    JSON.stringify(actor),
    now,
    JSON.stringify({ device }),
    JSON.stringify(device),
    newId(),
  ];
}
