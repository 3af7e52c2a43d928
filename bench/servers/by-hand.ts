/**
 * The limit: what Node.js and PostgreSQL can do when somebody writes by hand the one thing that is measured, with
 * nothing else in it, neither GraphQL nor rights. Statements are prepared once for each connection.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { toGlobalId } from '../../src/kernel/id.ts';
import { answerParent, given } from '../harness/child.ts';
import { connections } from '../harness/load.ts';
import { creation } from './by-hand-creation.ts';

const pool = new pg.Pool({ connectionString: given<{ url: string }>().url, max: connections.pool });

type Row = Readonly<Record<string, string>>;
type Answer = (body: unknown) => unknown;

const rows = async (name: string, text: string): Promise<Row[]> => (await pool.query({ name, text })).rows;
const site = (row: Row) => ({ id: toGlobalId('Site', row.site_id ?? ''), name: row.site_name });
const device = (row: Row) => ({ id: toGlobalId('Device', row.id ?? ''), hostname: row.hostname });

const answers: Readonly<Record<string, Answer>> = {
  '/hello': () => ({ hello: 'world' }),

  '/list': async () => {
    const found = await rows('list', 'SELECT id, hostname FROM device ORDER BY id LIMIT 100');
    return { devices: { nodes: found.map(device) } };
  },

  '/nested': async () => {
    const found = await rows(
      'nested',
      `SELECT d.id, d.hostname, s.id AS site_id, s.name AS site_name
       FROM (SELECT * FROM device ORDER BY id LIMIT 100) AS d JOIN site AS s ON s.id = d.site_id ORDER BY d.id`,
    );
    return { devices: { nodes: found.map((row) => ({ ...device(row), site: site(row) })) } };
  },

  '/tree': async () => {
    const found = await rows(
      'tree',
      `SELECT n.id, n.cidr, s.id AS site_id, s.name AS site_name, p.id AS parent_id, p.cidr AS parent_cidr,
         g.cidr AS grandparent_cidr
       FROM (SELECT * FROM network ORDER BY id LIMIT 100) AS n JOIN site AS s ON s.id = n.site_id
       LEFT JOIN network AS p ON p.id = n.parent_id LEFT JOIN network AS g ON g.id = p.parent_id ORDER BY n.id`,
    );
    return { networks: { nodes: found.map(network) } };
  },

  '/pages': async () => {
    const found = await rows(
      'pages',
      `SELECT s.id AS site_id, s.name AS site_name, d.id, d.hostname
       FROM (SELECT * FROM site ORDER BY id LIMIT 10) AS s
       CROSS JOIN LATERAL (SELECT * FROM device WHERE site_id = s.id ORDER BY id LIMIT 10) AS d ORDER BY s.id, d.id`,
    );
    const sites = Map.groupBy(found, (row) => row.site_id);
    return {
      sites: {
        nodes: [...sites.values()].map((held) => ({
          name: held[0]?.site_name,
          devices: { nodes: held.map(device) },
        })),
      },
    };
  },

  '/create': creation(pool),
};

function network(row: Row) {
  const { parent_id: parent } = row;
  return {
    id: toGlobalId('Network', row.id ?? ''),
    cidr: row.cidr,
    site: site(row),
    parent: parent && {
      id: toGlobalId('Network', parent),
      cidr: row.parent_cidr,
      parent: row.grandparent_cidr && { cidr: row.grandparent_cidr },
    },
  };
}

const server = createServer(async (request, response) => {
  try {
    const body: unknown = JSON.parse(await textOf(request));
    const text = JSON.stringify({ data: await answers[request.url ?? '']?.(body) });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

answerParent(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {}, async () => {
  server.closeAllConnections();
  server.close();
  await pool.end();
});
