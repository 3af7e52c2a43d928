import type { Context } from '#kernel/context.ts';
import { EgressError, egress } from '#kernel/egress.ts';
import { secretBox } from '#kernel/secret-box.ts';
import type { AttemptError, HookAttempt, HookDelivery } from '#resolvers/platform/hooks/delivery.ts';
import { type HookSecret, secretPurpose } from '#resolvers/platform/hooks/hook.ts';
import { hookRules } from '#resolvers/platform/hooks/rules.ts';
import { readRetryAfter } from '#resolvers/platform/hooks/schedule.ts';
import { signatureHeader } from '#resolvers/platform/hooks/signature.ts';

/** The most bytes of an answer that are read, and that are kept. */
const mostRead = 64 * 1024;
const mostKept = 4 * 1024;

/** What one request is made of. */
export interface Parcel {
  readonly target: string;
  readonly webhookId: string;
  readonly body: string;
  readonly eventName: string;
  /** The event's place in the log, as clients write it. */
  readonly cursor: string;
  /** Texts of the secrets that are good at present, newest first. */
  readonly secrets: readonly string[];
}

/** What came of a request. */
export interface Reply extends Pick<HookAttempt, 'at' | 'durationMs' | 'status' | 'error' | 'responseExcerpt'> {
  /** Milliseconds that the target asked for. */
  readonly retryAfter: number | null;
}

/** The texts of secrets, in their order. @throws UnavailableError when this gateway has no key for one. */
export const openSecrets = (ctx: Context, secrets: readonly HookSecret[]): string[] =>
  secrets.map(({ id, sealed }) => ctx.use(secretBox).open(sealed, secretPurpose(id)));

/** Sends one signed request, whatever becomes of it. */
export async function post(ctx: Context, parcel: Parcel): Promise<Reply> {
  const began = ctx.clock.now();
  const timer = performance.now();
  const result = await exchange(ctx, parcel, Math.floor(began / 1000));
  return { at: new Date(began).toISOString(), durationMs: Math.round(performance.now() - timer), ...result };
}

async function exchange(
  ctx: Context,
  { target, webhookId, body, eventName, cursor, secrets }: Parcel,
  timestamp: number,
): Promise<Omit<Reply, 'at' | 'durationMs'>> {
  const { timeout, userAgent } = ctx.use(hookRules);
  try {
    const answer = await ctx.use(egress).send({
      url: target,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': userAgent,
        'webhook-id': webhookId,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signatureHeader(secrets, { webhookId, timestamp, body }),
        'gatehouse-event': eventName,
        'gatehouse-cursor': cursor,
      },
      body,
      timeout,
      maxAnswerBytes: mostRead,
    });
    return {
      status: answer.status,
      error: errorOf(answer.status),
      responseExcerpt: excerptOf(answer.body),
      retryAfter: readRetryAfter(answer.headers['retry-after'], ctx.clock.now()),
    };
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    return { status: null, error: error.reason, responseExcerpt: null, retryAfter: null };
  }
}

function errorOf(status: number): AttemptError | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400 ? 'REDIRECT' : 'STATUS';
}

/** As text that every storage takes: without NUL, and not ending within a character. What is no UTF-8 grows as text. */
function excerptOf(body: Buffer): string {
  const text = body.subarray(0, mostKept).toString('utf8').replaceAll('\u0000', '');
  return Buffer.from(text)
    .subarray(0, mostKept)
    .toString('utf8')
    .replace(/\ufffd+$/, '');
}

export const attemptOf = (
  { id, attemptCount, series }: Pick<HookDelivery, 'id' | 'attemptCount' | 'series'>,
  { retryAfter: _, ...reply }: Reply,
): HookAttempt => ({ deliveryId: id, number: attemptCount + 1, series, ...reply });
