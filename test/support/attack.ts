/** MITRE ATT&CK for ICS, as MITRE publishes it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const file = join(import.meta.dirname, '..', 'fixtures', 'ics-attack-18.1.json.gz');

/** The text of the bundle. */
export const attackText = (): string => gunzipSync(readFileSync(file)).toString('utf8');

export interface AttackObject {
  readonly id: string;
  readonly type: string;
  readonly modified?: string;
  readonly created?: string;
}

/** Its 1,826 objects, in their order. */
export const attackObjects = (): readonly AttackObject[] =>
  (JSON.parse(attackText()) as { objects: AttackObject[] }).objects;
