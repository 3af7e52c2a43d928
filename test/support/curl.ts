import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What `curl` does with the options that pages use, in this process: -X, -H, -u, -d and --json. As there, `-d @name` sends
 * what a file holds.
 * @param folder where files of the page are.
 * @returns the body of the answer.
 */
export async function curl(words: readonly string[], folder: string): Promise<string> {
  const headers = new Headers();
  let url = '';
  let method: string | undefined;
  let body: string | undefined;
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (!word.startsWith('-')) {
      url = word;
      continue;
    }
    const value = left.shift() ?? '';
    if (word === '-X') method = value;
    else if (word === '-H') headers.set(value.slice(0, value.indexOf(':')), value.slice(value.indexOf(':') + 1).trim());
    else if (word === '-u') headers.set('authorization', `Basic ${Buffer.from(value).toString('base64')}`);
    else if (word === '-d' || word === '--json')
      body = value.startsWith('@') ? await readFile(join(folder, value.slice(1)), 'utf8') : value;
    else throw new Error(`No page has used curl ${word} so far.`);
    if (word === '--json') headers.set('content-type', 'application/json');
  }
  const answer = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers,
    ...(body !== undefined && { body }),
  });
  return answer.text();
}
