import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Gateway } from '#gateway';
import { mailer } from '#kernel/mailer.ts';
import { startWith } from '../support.ts';

const mails: { to: string[]; text: string }[] = [];
let refuses = false;
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  allowInsecureAuth: true,
  onAuth: ({ username, password }, _, done) =>
    password === 'right' ? done(null, { user: username }) : done(new Error(`no ${password}`)),
  onRcptTo: (_, __, done) => done(refuses ? new Error('gr_secret is not welcome') : null),
  onData(stream, session, done) {
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    stream.on('end', () => {
      mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
      done();
    });
  },
});
const running: Gateway[] = [];

beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)));
afterAll(async () => {
  for (const gateway of running) await gateway.dispose();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

const url = (credential = '') => `smtp://${credential}127.0.0.1:${(server.server.address() as AddressInfo).port}`;

async function mailerWith(mail: Record<string, unknown>) {
  const gateway = await startWith(['!mail-none', 'mail-smtp'], {
    mail: { from: 'Gatehouse <gate@example.org>', ...mail },
  });
  running.push(gateway);
  return gateway.context().use(mailer);
}

const letter = { to: 'ada@example.org', subject: 'Your password', text: 'The token is gr_secret.\n' };

describe('mail', () => {
  test('is sent to one address, as text, from the sender of the config', async () => {
    const post = await mailerWith({ url: url('gate:right@'), requireTls: false });
    expect(post.sends).toBe(true);
    await post.send(letter);
    const [mail] = mails;
    expect(mail?.to).toEqual(['ada@example.org']);
    expect(mail?.text).toContain('From: Gatehouse <gate@example.org>');
    expect(mail?.text).toContain('Subject: Your password');
    expect(mail?.text).toContain('Auto-Submitted: auto-generated');
    expect(mail?.text).toContain('The token is gr_secret.');
  });

  test('never goes to more than the one address, whatever the address holds', async () => {
    const post = await mailerWith({ url: url(), requireTls: false });
    const before = mails.length;
    await post.send({ ...letter, to: 'a@example.org,b@example.org' }).catch(() => undefined);
    for (const { to } of mails.slice(before)) expect(to).toHaveLength(1);
  });

  test('that is refused is an error without a word of the mail, the credential or the answer', async () => {
    const post = await mailerWith({ url: url(), requireTls: false });
    refuses = true;
    await expect(post.send(letter)).rejects.toThrow(/^The mail server did not take the mail \(\d+\)\.$/);
    refuses = false;
    const wrong = await mailerWith({ url: url('gate:hunter2@'), requireTls: false });
    const error = await wrong.send(letter).then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error?.message).toMatch(/^The mail server did not take the mail/);
    expect(error?.message).not.toContain('hunter2');
  });

  test('is not handed to a server without TLS unless the config says so', async () => {
    const before = mails.length;
    const post = await mailerWith({ url: url() });
    await expect(post.send(letter)).rejects.toThrow('The mail server did not take the mail');
    expect(mails).toHaveLength(before);
  });

  test('is refused with the remedy where no plugin sends it', async () => {
    const gateway = await startWith([]);
    running.push(gateway);
    const post = gateway.context().use(mailer);
    expect(post.sends).toBe(false);
    await expect(post.send(letter)).rejects.toThrow('List the plugin mail-smtp in place of mail-none.');
  });

  test.each(['mail.example.org', 'http://mail.example.org', 'smtp://'])(
    'needs the address of a server: %s',
    async (url) => {
      await expect(mailerWith({ url })).rejects.toThrow('mail.url: is no address of a mail server');
    },
  );
});
