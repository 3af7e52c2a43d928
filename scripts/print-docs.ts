import { writeFile } from 'node:fs/promises';
import { referencePages } from './reference.ts';

/** Writes the reference pages of docs/, which a test compares. */
for (const [path, text] of await referencePages()) await writeFile(path, text);
