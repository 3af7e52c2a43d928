import { readInstant } from '#resolvers/threat/instant.ts';

const form = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?(?:Z|([+-])(\d\d):(\d\d))$/;

/** A timestamp label of TAXII 1, in any zone, as an instant in UTC with six digits; null for what is none. */
export function readLabel(text: string): string | null {
  const [, local, fraction = '', sign, hours = '00', minutes = '00'] = form.exec(text) ?? [];
  const there = local === undefined ? null : readInstant(`${local}${fraction}Z`);
  if (there === null || sign === undefined) return there;
  const offset = Number(hours) * 60 + Number(minutes);
  if (offset > 14 * 60 || Number(minutes) > 59) return null;
  const here = Date.parse(`${there.slice(0, 19)}Z`) - (sign === '+' ? offset : -offset) * 60_000;
  return readInstant(`${new Date(here).toISOString().slice(0, 19)}${there.slice(19)}`);
}
