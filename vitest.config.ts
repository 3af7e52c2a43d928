import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    // Pothos loads graphql as CommonJS and Vitest as a module: one copy, or no type is an instance of its class.
    server: { deps: { inline: [/@pothos/, /graphql/] } },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
