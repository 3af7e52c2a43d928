/** Tens of thousands of things of each kind, put into the tables by the database itself. */
import type { Database } from '#plugins/storage-prisma/database.ts';

/** The Site that holds most of them. Of three thousand others some hold definitions. */
export const large = 'Large';

const site = `(SELECT id FROM site WHERE name = '${large}')`;
const someSites = `(SELECT id FROM site WHERE name IN ('${large}', 'Site 1', 'Site 2', 'Site 3') OR name LIKE 'Site 10_')`;
const instants = 'now(), now()';

/**
 * Each has its ids in the order of their making, as the gateway's own have: so what is read together lies together.
 */
const id = (kind: number, n: string) =>
  `(lpad(to_hex(${kind}), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
const kinds = { device: 1, top: 2, middle: 3, small: 4, host: 5, port: 6, below: 7, circuit: 8, type: 9, protocol: 10 };

const statements = [
  `INSERT INTO site SELECT gen_random_uuid(), CASE n WHEN 0 THEN '${large}' ELSE 'Site ' || n END, '', ${instants}
   FROM generate_series(0, 3000) AS n`,
  `INSERT INTO device (id, site_id, hostname, created_at, updated_at)
   SELECT ${id(kinds.device, 'n')}, ${site}, 'device-' || n, ${instants} FROM generate_series(1, 20000) AS n`,
  `INSERT INTO network (id, site_id, cidr, state, parent_id, created_at, updated_at)
   VALUES (${id(kinds.top, '4')}, ${site}, '10.0.0.0/8', 'ALLOCATED', NULL, ${instants}),
     (${id(kinds.top, '6')}, ${site}, 'fd00::/8', 'ALLOCATED', NULL, ${instants})`,
  `INSERT INTO network (id, site_id, cidr, state, parent_id, created_at, updated_at)
   SELECT ${id(kinds.middle, 'a')}, ${site}, ('10.' || a || '.0.0/16')::inet, 'ALLOCATED', ${id(kinds.top, '4')}, ${instants}
   FROM generate_series(0, 99) AS a`,
  `INSERT INTO network (id, site_id, cidr, state, parent_id, created_at, updated_at)
   SELECT ${id(kinds.small, 'a * 256 + b')}, ${site}, ('10.' || a || '.' || b || '.0/24')::inet,
     CASE WHEN b = 77 THEN 'RESERVED' WHEN a = 50 AND b = 9 THEN 'ORPHANED' ELSE 'ALLOCATED' END,
     ${id(kinds.middle, 'a')}, ${instants}
   FROM generate_series(0, 99) AS a, generate_series(0, 249) AS b`,
  `INSERT INTO network (id, site_id, cidr, state, parent_id, created_at, updated_at)
   SELECT ${id(kinds.host, 'c')}, ${site}, ('10.0.0.' || c || '/32')::inet, 'ASSIGNED', ${id(kinds.small, '0')}, ${instants}
   FROM generate_series(1, 200) AS c`,
  `INSERT INTO network_interface (id, site_id, device_id, name, description, type, mac_address, speed, parent_id,
     created_at, updated_at)
   SELECT ${id(kinds.port, 'n')}, ${site}, ${id(kinds.device, 'n')}, 'eth0', CASE n WHEN 7 THEN 'uplink' ELSE '' END,
     CASE n WHEN 8 THEN 24 ELSE 6 END, '00:00:00:00:' || substr(lpad(to_hex(n), 4, '0'), 1, 2) || ':' ||
     substr(lpad(to_hex(n), 4, '0'), 3, 2), CASE n WHEN 9 THEN 10 ELSE 1000 END, NULL, ${instants}
   FROM generate_series(1, 20000) AS n`,
  `INSERT INTO network_interface (id, site_id, device_id, name, description, type, mac_address, speed, parent_id,
     created_at, updated_at)
   SELECT ${id(kinds.below, 'n')}, ${site}, ${id(kinds.device, 'n')}, 'eth0.' || n, '', 6, NULL, 1000,
     ${id(kinds.port, 'n')}, ${instants} FROM generate_series(1, 10000) AS n`,
  `INSERT INTO assignment (id, site_id, interface_id, device_id, address_id, created_at)
   SELECT gen_random_uuid(), ${site}, ${id(kinds.port, 'n')}, ${id(kinds.device, 'n')}, ${id(kinds.host, 'n')}, now()
   FROM generate_series(1, 200) AS n`,
  `INSERT INTO circuit (id, site_id, name, name_slug, endpoint_a, device_a, endpoint_z, device_z, created_at, updated_at)
   SELECT ${id(kinds.circuit, 'n')}, ${site}, 'circuit-' || n, 'circuit-' || n, ${id(kinds.port, '2 * n')},
     ${id(kinds.device, '2 * n')}, ${id(kinds.port, '2 * n - 1')}, ${id(kinds.device, '2 * n - 1')}, ${instants}
   FROM generate_series(1, 10000) AS n`,
  `INSERT INTO circuit_end SELECT endpoint_a, id, 'A' FROM circuit UNION ALL SELECT endpoint_z, id, 'Z' FROM circuit`,
  `INSERT INTO attribute (id, site_id, resource, name, description, required, display, multi, allow_empty, pattern,
     valid_values, created_at, updated_at)
   SELECT ${id(11, 'row_number() OVER ()')}, s.id, kind, 'name_' || n, '', n = 1, n < 3, n = 2, true, '', '{}', ${instants}
   FROM ${someSites} AS s, unnest(ARRAY['DEVICE', 'NETWORK', 'INTERFACE', 'CIRCUIT', 'PROTOCOL']) AS kind,
     generate_series(1, 100) AS n`,
  `INSERT INTO protocol_type (id, site_id, name, description, required_attribute_ids, created_at, updated_at)
   SELECT gen_random_uuid(), s.id, 'type-' || n, CASE n WHEN 7 THEN 'rare' ELSE '' END, '{}', ${instants}
   FROM ${someSites} AS s, generate_series(1, 500) AS n`,
  `INSERT INTO protocol (id, site_id, type_id, device_id, interface_id, circuit_id, description, auth_string,
     auth_string_revision, created_at, updated_at)
   SELECT ${id(kinds.protocol, 'n')}, ${site}, t.id, ${id(kinds.device, 'n')}, ${id(kinds.port, 'n')},
     ${id(kinds.circuit, '(n + 1) / 2')}, CASE n WHEN 7 THEN 'rare' ELSE '' END, NULL, 0, ${instants}
   FROM generate_series(1, 20000) AS n
   JOIN protocol_type AS t ON t.site_id = ${site} AND t.name = 'type-' || (n % 500 + 1)`,
  ...(['device', 'network', 'network_interface', 'circuit', 'protocol'] as const).map((table) => {
    const resource = table === 'network_interface' ? 'INTERFACE' : table.toUpperCase();
    return `INSERT INTO attribute_value (id, attribute_id, site_id, resource, target_id, name, value, position, created_at,
        updated_at)
      SELECT gen_random_uuid(), a.id, a.site_id, a.resource, thing.id, a.name, 'value-' || thing.n % 1000, 0, ${instants}
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM ${table}) AS thing
      JOIN attribute AS a ON a.site_id = ${site} AND a.resource = '${resource}' AND a.name = 'name_9'`;
  }),
  'VACUUM ANALYZE',
];

/** Fills an empty database that has its tables. */
export async function fillLarge({ pool }: Database): Promise<void> {
  for (const statement of statements) await pool.query(statement);
}
