import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { runnableModule } from '#plugins/worker/module.ts';

test('a handler runs as TypeScript where that is, and as what was built of it where only that is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-module-'));
  const url = (name: string) => pathToFileURL(join(folder, name));
  writeFileSync(join(folder, 'both.ts'), '');
  writeFileSync(join(folder, 'both.js'), '');
  writeFileSync(join(folder, 'built.js'), '');
  writeFileSync(join(folder, 'module.mjs'), '');
  expect(runnableModule(url('both.ts'))?.href).toBe(url('both.ts').href);
  expect(runnableModule(url('built.ts'))?.href).toBe(url('built.js').href);
  expect(runnableModule(url('module.mts'))?.href).toBe(url('module.mjs').href);
  expect(runnableModule(url('nothing.ts'))).toBeNull();
  rmSync(folder, { recursive: true });
});
