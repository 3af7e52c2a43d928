import type { NetworkSettings } from '#resolvers/network/settings.ts';

const longest = 253;
const dnsLabel = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const dnsLabelWithUnderscore = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** What is wrong with a hostname by the rules of DNS and of the config, or null. */
export function hostnameFault(hostname: string, rules: NetworkSettings['hostname']): string | null {
  if (hostname === '') return 'hostname may not be empty.';
  if ([...hostname].length > longest) return `hostname may not be longer than ${longest} characters.`;
  if (/[:/\s]/.test(hostname)) return 'hostname may not hold ":", "/" or blanks.';
  if (rules.pattern) {
    return rules.pattern.matchesAll(hostname) ? null : `hostname must match ${rules.pattern.source}.`;
  }
  const labels = hostname.split('.');
  if (labels.length > 1 && !rules.allowFqdn) return 'hostname may not hold dots.';
  const form = rules.allowUnderscore ? dnsLabelWithUnderscore : dnsLabel;
  const bad = labels.find((label) => !form.test(label));
  if (bad === '') return 'hostname may not have an empty label or a trailing dot.';
  if (bad !== undefined)
    return `"${bad}" is no label of a hostname: 1 to 63 of A-Z a-z 0-9 ${rules.allowUnderscore ? '_ ' : ''}and -, with no - at its ends.`;
  if (labels.length > 1 && /^[0-9]+$/.test(labels.at(-1) ?? ''))
    return 'The last label of a hostname may not be all digits.';
  return null;
}

/** Hostnames are compared without regard to the case of A-Z, as DNS does. */
export const foldHostname = (hostname: string): string => hostname.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
