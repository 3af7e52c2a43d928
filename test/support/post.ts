/** A mailer that keeps what it is given. */
import { type Mail, mailer } from '#kernel/mailer.ts';
import { definePlugin, type GatehousePlugin } from '#plugins/define.ts';

export interface LetterBox {
  readonly plugin: GatehousePlugin;
  readonly mails: Mail[];
  /** The token of the last mail. */
  token(): string;
}

export function letterBox(): LetterBox {
  const mails: Mail[] = [];
  return {
    mails,
    token: () => /gr_[\w-]{43}/.exec(mails.at(-1)?.text ?? '')?.[0] ?? '',
    plugin: definePlugin({
      name: 'test-post',
      version: '1.0.0',
      description: 'Keeps the mails of a test.',
      provides: [mailer],
      setup({ provide }) {
        provide(mailer, {
          sends: true,
          send: async (mail) => {
            mails.push(mail);
          },
        });
        return undefined;
      },
    }),
  };
}
