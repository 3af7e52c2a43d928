import { UnavailableError } from '#kernel/errors.ts';
import { mailer } from '#kernel/mailer.ts';
import { definePlugin } from '#plugins/define.ts';

export const mailNone = definePlugin({
  name: 'mail-none',
  version: '1.0.0',
  description: 'Sends no mail, and says so.',
  provides: [mailer],
  setup({ provide }) {
    provide(mailer, {
      sends: false,
      send: async () => {
        throw new UnavailableError('This gateway sends no mail. List the plugin mail-smtp in place of mail-none.');
      },
    });
    return undefined;
  },
});
