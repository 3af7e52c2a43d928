import { z } from 'zod';
import type { Context } from '#kernel/context.ts';
import { definePort } from '#kernel/port.ts';
import { isRouted, type ProtocolBinding, type TaxiiService } from '#resolvers/threat/services/service.ts';

/** Under which paths the services of TAXII 1 are served. Provided by whoever serves them. */
export interface ServicePaths {
  /** Each begins and ends with a slash. */
  readonly prefixes: readonly string[];
}

export const servicePaths = definePort<ServicePaths>('threat.servicePaths');

export const prefixesOf = (ctx: Context): readonly string[] => ctx.find(servicePaths)?.prefixes ?? ['/services/'];

/** What a path may hold: no query, no fragment, and escapes only where they are whole. */
const pathForm = /^\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})+$/;

/**
 * An address: a path below one of the prefixes, which this gateway serves, or the absolute URL of a service elsewhere.
 * @param prefixes as in `ServicePaths`.
 */
export const addressInput = (prefixes: readonly string[]) =>
  z
    .string('address must be a text.')
    .max(2000, 'address may not be longer than 2000 characters.')
    .superRefine((address, check) => {
      const fault = address.startsWith('/') ? pathFault(address, prefixes) : urlFault(address);
      if (fault) check.addIssue(fault);
    });

function pathFault(path: string, prefixes: readonly string[]): string | null {
  if (!prefixes.some((prefix) => path.startsWith(prefix) && path.length > prefix.length))
    return `address must lie below ${prefixes.join(' or ')}, or be an absolute URL.`;
  if (!pathForm.test(path)) return 'address holds what the path of a URL may not.';
  return path.split('/').some((segment) => segment === '.' || segment === '..')
    ? 'address may not hold "." or ".." as a segment.'
    : null;
}

function urlFault(text: string): string | null {
  const url = URL.canParse(text) && !/\s/.test(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || !/^https?:\/\//i.test(text))
    return 'address must be a path that begins with a slash, or an absolute URL of http or https.';
  return url.username || url.password || url.hash ? 'address may hold no credentials and no fragment.' : null;
}

/** Host, port and path under which a gateway is reached; a scheme is taken and dropped, since the binding says it. */
export const baseUrlInput = z
  .string('baseUrl must be a text.')
  .max(2000, 'baseUrl may not be longer than 2000 characters.')
  .transform((text, check) => {
    const bare = text.replace(/^https?:\/\//i, '').replace(/\/+$/, '');
    const url = URL.canParse(`http://${bare}`) ? new URL(`http://${bare}`) : null;
    if (bare !== '' && url && !/[\s?#@\\]/.test(bare)) return bare;
    check.addIssue('baseUrl must be a host with or without a port and a path, such as taxii.example.org:8443.');
    return z.NEVER;
  });

const schemes: Readonly<Record<ProtocolBinding, string>> = {
  'urn:taxii.mitre.org:protocol:http:1.0': 'http',
  'urn:taxii.mitre.org:protocol:https:1.0': 'https',
};

/**
 * Where a service is reached by a binding: the address of one elsewhere as it is, that of one here below its base.
 * @param publicUrl how clients reach this gateway, for services without a base; null: not known, the path is answered.
 */
export function advertisedAddress(
  service: Pick<TaxiiService, 'address' | 'baseUrl'>,
  binding: ProtocolBinding,
  publicUrl: string | null,
): string {
  const base = service.baseUrl ?? publicUrl?.replace(/^https?:\/\//i, '').replace(/\/+$/, '') ?? null;
  return isRouted(service) && base !== null ? `${schemes[binding]}://${base}${service.address}` : service.address;
}
