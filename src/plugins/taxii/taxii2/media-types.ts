import { mediaRangesOf } from '#plugins/taxii/accept.ts';

/** What every answer is, errors included. */
export const taxiiMediaType = 'application/taxii+json;version=2.1';

const name = 'application/taxii+json';

const isOurVersion = (version: string | undefined): boolean => version === undefined || version === '2.1';

/** Whether a client takes TAXII 2.1. Who does not say what it takes, takes everything. */
export function takesTaxii(accept: string | null): boolean {
  if (accept === null || accept.trim() === '') return true;
  return mediaRangesOf(accept).some(({ range, weight, parameters }) => {
    if (!(weight > 0)) return false;
    return range === name ? isOurVersion(parameters.get('version')) : range === 'application/*' || range === '*/*';
  });
}

/** Whether a body is said to be TAXII 2.1, of this or of no version. */
export function isTaxii(contentType: string | null): boolean {
  const [type, ...others] = mediaRangesOf(contentType ?? '');
  if (type?.range !== name || others.length > 0) return false;
  const { parameters } = type;
  return (
    [...parameters.keys()].every((parameter) => parameter === 'version' || parameter === 'charset') &&
    isOurVersion(parameters.get('version')) &&
    (parameters.get('charset') ?? 'utf-8') === 'utf-8'
  );
}
