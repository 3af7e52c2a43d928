/** A PostgreSQL server of the tests' own, from the programs that the machine has. */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface PostgresServer {
  /** The address of one of its databases. */
  url(database: string): string;
  /** Ends the server at once, as a loss of power would end its sessions, and starts it again on the same files. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The folder of the server's programs, or null where the machine has none that are new enough. */
export function findPostgres(): string | null {
  const packaged = '/usr/lib/postgresql';
  const versions = existsSync(packaged) ? readdirSync(packaged).sort((one, other) => Number(other) - Number(one)) : [];
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    ...versions.map((version) => join(packaged, version, 'bin')),
  ];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)))) ?? null;
}

/** Starts a server on a socket in a folder of its own. It ends with this process, however that ends. */
export async function startPostgres(programs: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pg-'));
  const files = join(folder, 'data');
  const runAs = otherUser();
  if (runAs) chownSync(folder, runAs.uid, runAs.gid);
  execFileSync(
    join(programs, 'initdb'),
    ['-D', files, '-U', 'gatehouse', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...runAs, cwd: folder, stdio: 'ignore' },
  );
  const url = (database: string) => `postgresql://gatehouse@localhost/${database}?host=${encodeURIComponent(folder)}`;

  const settings = [
    'fsync=off',
    'full_page_writes=off',
    'listen_addresses=',
    'max_connections=200',
    'TimeZone=Asia/Tokyo',
  ];
  const start = async () => {
    const args = ['-D', files, '-k', folder, ...settings.flatMap((setting) => ['-c', setting])];
    // The shell waits for the end of its input, which comes with the end of this process.
    const script = '"$0" "$@" & server=$!; cat > /dev/null; kill -INT $server; wait $server';
    const shell = spawn('sh', ['-c', script, join(programs, 'postgres'), ...args], {
      ...runAs,
      cwd: folder,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    await answering(url('postgres'));
    return shell;
  };
  let shell = await start();

  const end = async () => {
    if (shell.exitCode !== null || shell.signalCode !== null) return;
    const ended = new Promise((resolve) => shell.once('exit', resolve));
    shell.stdin?.end();
    await ended;
  };
  return {
    url,
    async restart() {
      await end();
      shell = await start();
    },
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The server refuses to run as root. */
function otherUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const id = (flag: string, name: string) =>
    Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: id('-u', name), gid: id('-g', name) };
    } catch {
      // No such user here.
    }
  }
  const { uid, gid } = statSync(tmpdir());
  return { uid, gid };
}

async function answering(url: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    const client = new pg.Client(url);
    try {
      await client.connect();
      return await client.end();
    } catch (error) {
      if (attempt === 200) throw error;
      await sleep(50);
    }
  }
}
