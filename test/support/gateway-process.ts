/** Gateways as operators run them: processes that can be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface GatewayProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** Gone from one instant to the next, as after a loss of power. */
  kill(): Promise<void>;
  stop(): Promise<number | null>;
}

export const admin = { name: 'admin', password: 'correct horse battery staple' };

/** Starts a gateway and waits until it listens. */
export async function startProcess(config: Record<string, unknown>): Promise<GatewayProcess> {
  const whole = {
    log: { level: 'error' },
    accounts: { adminEmail: 'admin@example.org', adminPassword: admin.password },
    ...config,
  };
  const script = fileURLToPath(new URL('./serve.ts', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(whole)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr?.on('data', (chunk) => {
    complaints += chunk;
  });
  const url = await new Promise<string>((resolve, reject) => {
    let printed = '';
    child.stdout?.on('data', (chunk) => {
      printed += chunk;
      if (printed.includes('\n')) resolve(printed.trim());
    });
    child.once('exit', (code) => reject(new Error(`The gateway ended with ${code}: ${complaints}`)));
  });
  const gone = once(child, 'exit');
  return {
    url,
    child,
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      child.kill('SIGTERM');
      await gone;
      return child.exitCode;
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

/** One operation over HTTP. */
export async function ask<Data = Record<string, unknown>>(
  url: string,
  query: string,
  variables: Record<string, unknown> = {},
  token?: string,
): Promise<Data> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

const login =
  'mutation ($input: LoginInput!) { login(input: $input) { ... on LoginSuccess { token } ... on Error { message } } }';

/** A session token of an account. */
export async function signIn(url: string, who: { name: string; password: string } = admin): Promise<string> {
  const { login: answer } = await ask<{ login: { token?: string; message?: string } }>(url, login, {
    input: { ...who, cookie: false },
  });
  if (answer.token === undefined) throw new Error(answer.message);
  return answer.token;
}
