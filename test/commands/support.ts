/** Command lines without a process: what they write is caught, and they work on a gateway that is open already. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runnerOn } from '#commands/local-runner.ts';
import { runCommand } from '#commands/program.ts';
import type { Terminal } from '#commands/terminal.ts';
import { createGateway, type Gateway } from '#gateway';
import { newId } from '#kernel/id.ts';

export const adminPassword = 'correct horse battery staple';

/** A gateway with all that comes with Gatehouse, in memory. */
export const openGateway = (config: Record<string, unknown> = {}): Promise<Gateway> =>
  createGateway({
    config: {
      plugins: ['default', '!storage-prisma', 'storage-memory'],
      dataDir: `memory://${newId()}`,
      log: { level: 'silent' },
      http: { port: 0 },
      accounts: { adminPassword },
      ...config,
    },
  });

export interface Spoken {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
  /** Both, as they stand on a screen. */
  readonly screen: string;
  /** What was written as JSON. */
  readonly json: unknown;
}

export interface Speaking {
  readonly gateway?: Gateway;
  readonly input?: string | Uint8Array;
  readonly environment?: Record<string, string>;
  readonly folder?: string;
  readonly stopped?: AbortSignal;
}

/** Runs a command line; its words are split at blanks. */
export async function say(line: string | readonly string[], speaking: Speaking = {}): Promise<Spoken> {
  const words = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
  const { gateway, input = '', environment = {}, folder = tmpdir(), stopped } = speaking;
  let [out, err, screen] = ['', '', ''];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
      screen += text;
    },
    err: (text) => {
      err += text;
      screen += text;
    },
    input: async () => Buffer.from(input),
    stream: async function* () {
      yield Buffer.from(input);
    },
    environment,
    folder,
    screen: null,
    stopped: stopped ?? new AbortController().signal,
  };
  const exit = await runCommand(words, terminal, gateway && { openLocal: async () => runnerOn(gateway) });
  return {
    exit,
    out,
    err,
    screen,
    get json() {
      return JSON.parse(out);
    },
  };
}

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'gatehouse-commands-'));
