import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** What a new tab shows. */
export const welcome = `# Welcome to Gatehouse. Ctrl-Enter runs the operation that the cursor is in.
# Sign in first: a cookie keeps the session. Then reload the page, and the schema is there to read.

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
    account {
      name
    }
    mustChangePassword
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

# Every change that you may see, as it happens. Keep the newest cursor, give it as "after", and nothing is missed.
subscription Watch {
  events(filter: {}, hello: true) {
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
