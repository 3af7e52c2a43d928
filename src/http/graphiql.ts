import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const welcome = `# Welcome to Gatehouse. Ctrl-Enter runs the operation under the cursor; the arrow asks which where there are several.
# Sign in first: the session is kept in a cookie. Then reload the page, and the schema is there to read.

mutation SignIn {
  login(input: { name: "admin", password: "" }) {
    __typename
    ... on Error {
      message
    }
  }
}

query WhoAmI {
  profile {
    name
    permissions
  }
}

query Devices {
  devices(first: 10) {
    totalCount
    nodes {
      id
      hostname
      site {
        name
      }
    }
  }
}

# Every change that you may see, as it happens. Keep the newest cursor, give it as "after", and you go on from there.
subscription Watch {
  events(hello: true) {
    __typename
    ... on LiveItem {
      cursor
    }
    ... on Event {
      name
      occurredAt
    }
  }
}
`;

/** Nothing from elsewhere: everything that the page needs is in it, and its sockets come back to where it came from. */
const policy = [
  "default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

interface Page {
  readonly html: Buffer;
  readonly zipped: Buffer;
  readonly etag: string;
}

/** The page of GraphiQL. It is made when first asked for: it is large, and most processes never show it. */
export function createGraphiql(): (request: Request) => Promise<Response> {
  let page: Promise<Page> | null = null;

  return async (request) => {
    page ??= render();
    const { html, zipped, etag } = await page;
    const headers: Record<string, string> = {
      etag,
      'cache-control': 'no-cache',
      'content-security-policy': policy,
      'referrer-policy': 'same-origin',
      vary: 'accept, accept-encoding',
    };
    if (request.headers.get('if-none-match')?.includes(etag)) return new Response(null, { status: 304, headers });
    headers['content-type'] = 'text/html; charset=utf-8';
    const takesGzip = /\bgzip\b(?!;\s*q=0(\.0*)?(,|$))/.test(request.headers.get('accept-encoding') ?? '');
    if (takesGzip) headers['content-encoding'] = 'gzip';
    return new Response(takesGzip ? new Uint8Array(zipped) : new Uint8Array(html), { headers });
  };
}

async function render(): Promise<Page> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = Buffer.from(
    renderGraphiQL({
      title: 'Gatehouse',
      defaultQuery: welcome,
      subscriptionsProtocol: 'WS',
      credentials: 'same-origin',
      inputValueDeprecation: true,
      schemaDescription: true,
    }),
  );
  return {
    html,
    zipped: await promisify(gzip)(html),
    etag: `"${createHash('sha256').update(html).digest('base64url').slice(0, 22)}"`,
  };
}
