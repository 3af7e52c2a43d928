import { isJsonObject, type JsonObject } from '#kernel/json.ts';
import { faultOf, type TypeRules } from '#plugins/stix-validator/rules.ts';
import { stixTypes } from '#plugins/stix-validator/types.ts';

/** See `StixValidator.judge`. */
export function judgeStix(object: JsonObject, allowCustom: boolean): string | null {
  const { type, spec_version: version = '2.1' } = object;
  if (version !== '2.1' || typeof type !== 'string') return null;
  const rules = stixTypes.get(type);
  if (!rules) return allowCustom || extendsBy(object, newTypes) ? null : `type: ${type} is no type of STIX 2.1`;
  return faultOf(object, rules) ?? (allowCustom ? null : faultOfCustom(object, rules));
}

const newTypes: readonly string[] = ['new-sdo', 'new-sco', 'new-sro'];

function faultOfCustom(object: JsonObject, { properties }: TypeRules): string | null {
  const known = new Set(properties.map(({ name }) => name));
  const unexpected = Object.keys(object).filter((name) => !known.has(name));
  if (unexpected.length === 0 || extendsBy(object, ['toplevel-property-extension'])) return null;
  return `Unexpected properties: ${unexpected.join(', ')}`;
}

/** Whether an object says of itself that a definition of an extension allows more: that is within STIX. */
function extendsBy({ extensions }: JsonObject, kinds: readonly string[]): boolean {
  if (!isJsonObject(extensions)) return false;
  return Object.entries(extensions).some(
    ([id, extension]) =>
      id.startsWith('extension-definition--') &&
      isJsonObject(extension) &&
      kinds.includes(String(extension.extension_type)),
  );
}
