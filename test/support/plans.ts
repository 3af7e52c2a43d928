/** What statements cost, as the database itself counts it. */
import type { Database } from '#plugins/storage-prisma/database.ts';

export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly Plan[];
}

export interface Cost {
  /** Pages of 8 KiB that the statement looked at. */
  readonly pages: number;
  /** Tables that it read from end to end. */
  readonly scanned: readonly string[];
  /** Indexes that it used. */
  readonly indexes: readonly string[];
}

/** Runs a statement again and tells what it cost. Its effects are undone. */
export async function costOf({ pool }: Database, { sql, values }: Statement): Promise<Cost> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${sql}`, [...values]);
    const plan: Plan = rows[0]['QUERY PLAN'][0].Plan;
    return {
      pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
      scanned: [...new Set(scans(plan))],
      indexes: [...new Set(indexesOf(plan))],
    };
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const indexesOf = (plan: Plan): string[] => [
  ...(plan['Index Name'] ? [plan['Index Name']] : []),
  ...(plan.Plans ?? []).flatMap(indexesOf),
];

function scans(plan: Plan): string[] {
  const own = plan['Node Type'] === 'Seq Scan' && plan['Relation Name'] ? [plan['Relation Name']] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scans)];
}
