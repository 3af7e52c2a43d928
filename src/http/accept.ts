/** The forms that an answer at `/graphql` can have. */
export const graphqlForms = ['application/json', 'application/graphql-response+json', 'text/event-stream'] as const;
export type GraphqlForm = (typeof graphqlForms)[number];

interface Range {
  readonly type: string;
  readonly quality: number;
}

function ranges(accept: string): Range[] {
  return accept.split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    const value = quality === undefined ? 1 : Number(quality.slice(2));
    return { type, quality: Number.isNaN(value) ? 0 : value };
  });
}

/**
 * The form that a client likes most, or null when it takes none of them. The first named wins among equals; `*` and no
 * header at all mean JSON.
 */
export function chooseForm(accept: string | null): GraphqlForm | null {
  let best: GraphqlForm | null = null;
  let quality = 0;
  for (const range of ranges(accept?.trim() || '*/*')) {
    const form = graphqlForms.find(
      (candidate) =>
        range.type === candidate ||
        range.type === '*/*' ||
        (range.type === 'application/*' && candidate.startsWith('application/')),
    );
    if (form === undefined || range.quality <= quality) continue;
    best = form;
    quality = range.quality;
  }
  return best;
}

/** Whether a person looks on: only browsers ask for pages. */
export const wantsPage = (accept: string | null): boolean =>
  ranges(accept ?? '').some((range) => range.type === 'text/html' && range.quality > 0);
