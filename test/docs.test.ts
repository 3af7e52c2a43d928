import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { roomSections } from '#gateway';
import { configKeys } from '#kernel/config-keys.ts';
import { makePlan } from '#plugins/configure.ts';
import { referencePages } from '../scripts/reference.ts';

const pages = [...(await referencePages())];

test.each(pages)('%s says what the code declares', async (path, text) => {
  expect(await readFile(path, 'utf8'), 'Run `npm run docs` and look at what changed.').toBe(text);
});

test('every key of the config has a description', async () => {
  const { sections } = await makePlan({ folder: process.cwd(), environment: {}, sections: roomSections });
  expect(configKeys(sections).filter(({ description }) => description === '')).toEqual([]);
});
