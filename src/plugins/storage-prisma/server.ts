import type pg from 'pg';

const oldest = 15;

/**
 * How to connect to a server.
 * @param timeout milliseconds a statement may take; 0 for no end.
 * @throws Error when the text is no address of a database.
 */
export function serverOptions(url: string, timeout: number): pg.ClientConfig {
  const address = parseAddress(url);
  // Instants are read as ISO 8601 in UTC, whatever the server's defaults are.
  const session = [
    '-c TimeZone=UTC',
    '-c DateStyle=ISO',
    '-c default_transaction_isolation=read\\ committed',
    `-c statement_timeout=${timeout}`,
    `-c lock_timeout=${timeout}`,
  ];
  const own = address.searchParams.get('options');
  address.searchParams.set('options', [...(own ? [own] : []), ...session].join(' '));
  if (!address.searchParams.has('application_name')) address.searchParams.set('application_name', 'gatehouse');
  return { connectionString: address.href.replaceAll('+', '%20'), keepAlive: true };
}

function parseAddress(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (address && /^postgres(ql)?:$/.test(address.protocol)) return address;
  // The text may hold a password: it is not repeated.
  throw new Error('storage.url (DATABASE_URL) is no address such as postgresql://user:password@host:5432/database.');
}

/** @throws Error when the server is too old or cannot be used, with its address but without the password. */
export async function checkServer(pool: pg.Pool, url: string): Promise<void> {
  const place = placeOf(parseAddress(url));
  const version = await serverVersion(pool).catch((error: Error & { code?: string }) => {
    throw new Error(
      `The database server at ${place} cannot be used: ${error.message || error.code}. Check DATABASE_URL, and that the server runs.`,
      { cause: error },
    );
  });
  if (version.number >= oldest * 10_000) return;
  throw new Error(
    `The database server at ${place} is PostgreSQL ${version.name}; Gatehouse needs ${oldest} or newer. Upgrade the server, or leave DATABASE_URL out for the embedded database.`,
  );
}

function placeOf(address: URL): string {
  const host = address.searchParams.get('host') ?? (address.hostname || 'localhost');
  return `${host}:${address.searchParams.get('port') ?? (address.port || '5432')}${address.pathname}`;
}

async function serverVersion(pool: pg.Pool): Promise<{ number: number; name: string }> {
  const { rows } = await pool.query(
    "select current_setting('server_version_num')::int as number, current_setting('server_version') as name",
  );
  return rows[0];
}
