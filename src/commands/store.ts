import type { Command } from 'commander';
import { failure, misuse } from '#commands/failure.ts';
import { mutate } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import type { Terminal } from '#commands/terminal.ts';
import { examples, given } from '#commands/things.ts';

interface ShownDocument {
  readonly path: string;
  readonly parents: readonly string[];
  readonly body: unknown;
  readonly inherited: unknown;
  readonly effective: unknown;
  readonly etag: string | null;
}

interface Change {
  readonly etag?: string;
}

/** `gatehouse store …` */
export function storeCommand(program: Command, shell: Shell): void {
  const store = noun(program, 'store', 'documents at paths, each inheriting from those above it');
  store
    .command('get')
    .argument('[path]', 'where the document stands', '/')
    .description('print a document with what it inherits, as JSON')
    .option('--own', 'only what it says itself')
    .addHelpText('after', examples('gatehouse store get /team/dashboards', 'gatehouse store get / --own'))
    .action(
      action<{ readonly own?: boolean }>(shell, async ({ runner, print, options }, path) => {
        const document = `query ($path: String) {
          storeDocument(path: $path) { path parents body inherited effective etag }
        }`;
        const { storeDocument } = await runner.run<{ storeDocument: ShownDocument | null }>(document, { path });
        if (!storeDocument) throw failure('NOT_FOUND', `Nothing stands at ${path}.`);
        const text = options.own ? storeDocument.body : storeDocument.effective;
        print.lines(storeDocument, JSON.stringify(text, null, 2).split('\n'));
      }),
    );
  store
    .command('put <path> [body]')
    .description('set the whole body of a document, given or read from standard input as JSON')
    .option('--etag <etag>', 'only if this is its state')
    .addHelpText('after', examples(`gatehouse store put / '{"theme":"dark"}'`, 'gatehouse store put /team < team.json'))
    .action(
      action<Change, [path: string, body?: string]>(shell, async ({ runner, print, terminal, options }, path, text) => {
        const body = await readValue(terminal, text, 'body');
        const input = given({ path, body, etag: options.etag });
        const selected = 'changed storeDocument { path etag body }';
        const done = await mutate<{ changed: boolean; storeDocument: ShownDocument }>(
          runner,
          'storeDocumentReplace',
          selected,
          input,
        );
        print.done(done, done.changed ? `Set ${path}.` : `Nothing to change: ${path} has this body.`);
      }),
    );
  store
    .command('delete <path>')
    .description('delete a document')
    .option('--recursive', 'with everything below it')
    .option('--etag <etag>', 'only if this is its state')
    .addHelpText('after', examples('gatehouse store delete /team --recursive'))
    .action(
      action<Change & { readonly recursive?: boolean }>(shell, async ({ runner, print, options }, path) => {
        const input = given({ path, recursive: options.recursive, etag: options.etag });
        const done = await mutate<{ removed: string[] }>(runner, 'storeDocumentDelete', 'removed', input);
        print.lines(
          done,
          done.removed.map((gone) => `Deleted ${gone}.`),
        );
      }),
    );
}

/** A JSON value that was given, or that standard input holds. */
export async function readValue(terminal: Terminal, text: string | undefined, name: string): Promise<unknown> {
  const json = text ?? Buffer.from(await terminal.input()).toString('utf8');
  try {
    return JSON.parse(json);
  } catch {
    throw misuse(`The ${name} is no JSON. Texts are quoted: '"dark"'.`);
  }
}
