import { writeFile } from 'node:fs/promises';
import { printSchema } from 'graphql';
import { makeSchema, roomSections } from '#gateway';
import { makePlan } from '#plugins/configure.ts';

/** Writes the graph of the default plugins to `schema.graphql`: the contract that a test compares. */
const plan = await makePlan({ folder: process.cwd(), environment: {}, sections: roomSections });
await writeFile('schema.graphql', `${printSchema(makeSchema(plan.plugins, plan.catalogue))}\n`);
