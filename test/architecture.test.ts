import { readFile } from 'node:fs/promises';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { expect, test } from 'vitest';

test('imports go one way, and every library stays in its room', async () => {
  const { forbidden, options } = JSON.parse(await readFile('.dependency-cruiser.json', 'utf8'));
  const { output } = await cruise(['src'], { ...options, validate: true, ruleSet: { forbidden } });
  const { summary } = output as ICruiseResult;
  expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
  expect(summary.totalCruised).toBeGreaterThan(100);
}, 60_000);
