/** Somebody who reads a page beside a running gateway, and does from top to bottom what it shows. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { say } from '../commands/support.ts';
import { type SseReceived, subscribeBySse } from './clients.ts';
import { curl } from './curl.ts';
import { asShown, type Block, isTree, shownPattern } from './markdown.ts';

/** Where pages say that the gateway is. */
const address = 'http://localhost:4000';

/** Milliseconds after which what was written is in every list. */
const patience = 5000;

/**
 * What a block means, by its language and title:
 *
 * - `graphql`: an operation and behind it, as `json`, its answer; between them may stand `json title="variables"`.
 *   `title="as noc"` asks with the API key of that account, made on the page before. A subscription stays open.
 * - `json title="stream"`: what the last subscription has sent since.
 * - `sh`: lines of a shell and behind it, as `text`, what they print. Only commands of Gatehouse, programs of the page,
 *   `curl` and `export` are run.
 *   A program with `&` behind it goes on; `text title="printed"` is what it has printed since, in any order of lines.
 * - any other title: a file of that name.
 *
 * A text that ends with `…` in an answer stands from there on, in what is asked and typed, for the one that came.
 */
export class Reader {
  readonly #url: string;
  readonly #folder: string;
  readonly #keys = new Map<string, string>();
  readonly #meant = new Map<string, string>();
  #token = '';
  #environment: Record<string, string> = {};
  #stream: { readonly received: SseReceived; seen: number } | null = null;
  readonly #programs = new Set<ChildProcess>();
  #printed = '';

  /** @param folder where the files of the page are. */
  constructor(url: string, folder: string) {
    this.#url = url;
    this.#meant.set(address, url);
    this.#folder = folder;
  }

  /** What the page shows in this way is this text, from now on. */
  means(shown: string, real: string): void {
    this.#meant.set(shown, real);
  }

  async follow(blocks: readonly Block[]): Promise<void> {
    for (const [index, block] of blocks.entries()) {
      const [next, afterNext] = [blocks[index + 1], blocks[index + 2]];
      if (block.language === 'graphql' && block.text.startsWith('subscription'))
        await this.#listen(this.#real(block.text));
      else if (block.language === 'graphql' && next?.title === 'variables')
        await this.#ask(block, JSON.parse(this.#real(next.text)), afterNext);
      else if (block.language === 'graphql') await this.#ask(block, {}, next);
      else if (block.title === 'stream') await this.#hear(block);
      else if (block.title === 'printed') await this.#read(block);
      else if (block.language === 'sh' && block.title === null)
        await this.#type(block.text, next?.language === 'text' && next.title === null ? next.text : null);
    }
  }

  close(): void {
    this.#stopHearing();
    for (const program of this.#programs) program.kill();
  }

  #stopHearing(): void {
    this.#stream?.received.stop();
  }

  async #ask({ text, title }: Block, variables: object, shown: Block | undefined): Promise<void> {
    const query = this.#real(text);
    const token = title === null ? this.#token : (this.#keys.get(title.replace('as ', '')) ?? '');
    const expected = JSON.parse(shown?.text ?? '');
    await this.#until(!query.startsWith('mutation'), async () => {
      const response = await fetch(`${this.#url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        body: JSON.stringify({ query, variables }),
      });
      const answer = (await response.json()) as { data: Answers | null };
      this.#remember(answer.data);
      this.#understand(answer, expected);
      expect(asShown(answer, expected), query).toEqual(expected);
    });
  }

  #remember(data: Answers | null): void {
    this.#token = data?.login?.token ?? this.#token;
    const { key, apiKey } = data?.apiKeyCreate ?? {};
    if (key !== undefined && apiKey) this.#keys.set(apiKey.account.name, key);
  }

  async #listen(query: string): Promise<void> {
    this.#stopHearing();
    const headers = { authorization: `Bearer ${this.#token}` };
    this.#stream = { received: await subscribeBySse(this.#url, query, {}, headers), seen: 0 };
    await this.#stream.received.reach(query.includes('hello: true') ? 1 : 0);
  }

  async #hear({ text }: Block): Promise<void> {
    const stream = this.#stream;
    if (!stream) throw new Error('No subscription is open.');
    const expected: unknown[] = JSON.parse(text);
    const items = await stream.received.reach(stream.seen + expected.length);
    const heard = items.slice(stream.seen, stream.seen + expected.length).map(({ data }) => data);
    stream.seen += expected.length;
    expect(asShown(heard, expected)).toEqual(expected);
  }

  async #read({ text }: Block): Promise<void> {
    const sorted = (lines: string) => lines.trim().split('\n').sort().join('\n');
    await this.#until(true, async () => {
      expect(sorted(this.#printed)).toMatch(shownPattern(sorted(this.#real(text))));
      this.#printed = '';
    });
  }

  #begin(file: string): Promise<void> {
    const program = spawn(process.execPath, [file], {
      cwd: this.#folder,
      env: { ...process.env, ...this.#environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#programs.add(program);
    return new Promise((resolve, reject) => {
      program.once('exit', (code) => reject(new Error(`${file} ended with ${code}.`)));
      program.stdout.setEncoding('utf8').on('data', (printed: string) => {
        // The first thing that it says is that it is there.
        resolve();
        this.#printed += printed;
      });
    });
  }

  async #type(text: string, shown: string | null): Promise<void> {
    const lines = text.replaceAll('\\\n', ' ').split('\n').filter(Boolean);
    const reads = lines.every((line) => /^npx gatehouse \S+ (list|show|diff)\b/.test(line));
    await this.#until(reads, async () => {
      let printed = '';
      for (const line of lines) printed += await this.#run(this.#real(line));
      if (shown === null) return;
      expect(printed.trim(), text).toMatch(shownPattern(shown));
      this.#understand(asJson(printed), asJson(shown));
    });
  }

  async #run(line: string): Promise<string> {
    const words = (line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []).map((word) =>
      word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'),
    );
    const [program, first = '', ...others] = words;
    if (program === 'export') this.#export(words.slice(1));
    else if (program === 'curl') return `${await curl(words.slice(1), this.#folder)}\n`;
    else if (program === 'node' && others.at(-1) === '&') await this.#begin(first);
    else if (program === 'node') {
      const env = { ...process.env, ...this.#environment };
      return (await promisify(execFile)(process.execPath, [first, ...others], { cwd: this.#folder, env })).stdout;
    } else if (program === 'npx' && first === 'gatehouse') {
      return (await say(others, { environment: this.#environment, folder: this.#folder })).screen;
    }
    return '';
  }

  #export(assignments: readonly string[]): void {
    for (const assignment of assignments) {
      const [name = '', value = ''] = assignment.split('=');
      this.#environment[name] = value;
    }
  }

  /** A text of the page with what differs each time. */
  #real(text: string): string {
    return [...this.#meant].reduce((known, [shown, real]) => known.replaceAll(shown, real), text);
  }

  #understand(real: unknown, shown: unknown): void {
    if (typeof real === 'string' && typeof shown === 'string' && shown.endsWith('…')) this.#meant.set(shown, real);
    else if (isTree(real) && isTree(shown))
      for (const [key, value] of Object.entries(shown)) this.#understand(real[key], value);
  }

  /** Until it is as shown: for what is only read, and so may be looked at again. */
  async #until(again: boolean, attempt: () => Promise<void>): Promise<void> {
    const end = Date.now() + (again ? patience : 0);
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (Date.now() >= end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Answers of mutations that make credentials. */
interface Answers {
  readonly login?: { readonly token?: string };
  readonly apiKeyCreate?: { readonly key?: string; readonly apiKey?: { readonly account: { readonly name: string } } };
}
