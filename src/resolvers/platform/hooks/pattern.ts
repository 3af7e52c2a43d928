import type { Catalogue } from '#kernel/catalogue.ts';
import { matchesName } from '#kernel/event.ts';

/*
 * What a hook is for: a full event name, a prefix with `.*`, or `*`; or, as NSoT has it, `<resource>.<action>` in lower
 * case, where the action may be `*`.
 */

/** The resources of NSoT by the noun that the network domain has for them. */
const resources: Readonly<Record<string, readonly string[]>> = {
  site: ['site'],
  attribute: ['attribute'],
  network: ['network'],
  device: ['device'],
  interface: ['interface'],
  circuit: ['circuit'],
  protocol: ['protocol'],
  protocolType: ['protocoltype', 'protocol_type'],
};

/** What NSoT calls the verbs of events. The first is how bodies say it. */
const actions: Readonly<Record<string, readonly string[]>> = {
  created: ['create', 'added'],
  updated: ['update', 'changed'],
  deleted: ['delete', 'removed'],
};

const resourceNames: ReadonlySet<string> = new Set(Object.values(resources).flat());
const actionNames: ReadonlySet<string> = new Set([...Object.values(actions).flat(), '*']);

/** Events about hooks would keep hooks busy with themselves. */
const never = ['platform.hook.*', 'platform.hookDelivery.*'];

/** Whether hooks are told of events of this name at all. */
export const isHookable = (eventName: string): boolean => !never.some((pattern) => matchesName(pattern, eventName));

/** Whether the text is a pattern of a hook: NSoT's, or one that is meant for some of the declared events. */
export function isHookPattern({ events }: Pick<Catalogue, 'events'>, text: string): boolean {
  if (text === '*' || isNsot(text)) return true;
  return text.endsWith('.*') ? [...events.keys()].some((name) => matchesName(text, name)) : events.has(text);
}

function isNsot(text: string): boolean {
  const [resource = '', action = '', ...rest] = text.split('.');
  return rest.length === 0 && resourceNames.has(resource) && actionNames.has(action) && !isDomainPrefix(text);
}

/** `network.*` is both a resource of NSoT and the whole domain: it is read in full form. */
const isDomainPrefix = (text: string): boolean => text === 'network.*';

/** Every pattern that an event of this name fits: hooks that have one of them are for it. */
export function patternsFor(eventName: string): string[] {
  const parts = eventName.split('.');
  const prefixes = parts.slice(1).map((_, index) => `${parts.slice(0, index + 1).join('.')}.*`);
  return [...new Set([eventName, ...prefixes, '*', ...nsotPatterns(eventName)])];
}

function nsotPatterns(eventName: string): string[] {
  const { nouns, verbs } = nsotWords(eventName);
  if (verbs.length === 0) return [];
  const all = nouns.flatMap((noun) => [...verbs, '*'].map((verb) => `${noun}.${verb}`));
  return all.filter((text) => !isDomainPrefix(text));
}

function nsotWords(eventName: string): { readonly nouns: readonly string[]; readonly verbs: readonly string[] } {
  const [domain, noun = '', verb = '', ...rest] = eventName.split('.');
  if (domain !== 'network' || rest.length > 0) return { nouns: [], verbs: [] };
  return { nouns: resources[noun] ?? [], verbs: resources[noun] ? (actions[verb] ?? []) : [] };
}

/** How a body names the event to a hook with this pattern: in the form of the pattern, `device.update` or in full. */
export function eventWord(pattern: string, eventName: string): string {
  const [verb] = nsotWords(eventName).verbs;
  return isNsot(pattern) && verb !== undefined ? `${pattern.split('.')[0]}.${verb}` : eventName;
}
