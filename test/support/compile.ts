import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the compiler says of the TypeScript in a folder below the clone, under the options of the project. */
export async function compile(folder: string): Promise<string> {
  const options = { extends: join(root, 'tsconfig.json'), include: ['**/*.ts'], exclude: ['examples'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(options));
  return new Promise((resolve) => {
    execFile(join(root, 'node_modules/.bin/tsc'), ['-p', folder], (_, stdout) => resolve(stdout));
  });
}
