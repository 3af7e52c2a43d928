import { z } from 'zod';
import { keys, secret } from '#kernel/config.ts';
import { secretBox } from '#kernel/secret-box.ts';
import { storageFacts } from '#kernel/storage.ts';
import { definePlugin } from '#plugins/define.ts';
import { createSecretBox } from '#plugins/secret-box/box.ts';
import { ownSecret, randomSecret, secretFault } from '#plugins/secret-box/secret.ts';

const given = () =>
  z.string().superRefine((text, check) => {
    const fault = secretFault(text);
    if (fault) check.addIssue(fault);
  });

export const secretBoxPlugin = definePlugin({
  name: 'secret-box',
  version: '1.0.0',
  description: 'Encrypts what the storage must not be able to read, with AES-256-GCM.',
  section: '',
  config: keys({
    secret: secret(given())
      .optional()
      .describe(
        'What secrets are encrypted with, 32 bytes at least. Without it the embedded database gets one of its own, in `<dataDir>/secret`; processes that share a server must be given the same.',
      ),
    previousSecrets: secret(z.array(given()))
      .default([])
      .describe('Earlier values of `secret`: what was encrypted with them can still be read.'),
  }),
  optional: { storage: storageFacts },
  provides: [secretBox],
  setup({ config, ports, provide, dataDir, log }) {
    const present = config.secret ?? (ports.storage?.shared ? null : secretOf(dataDir));
    if (present === null)
      log.warn('No `secret` is set: nothing can be encrypted. Set GATEHOUSE_SECRET, the same for every process.');
    // What was encrypted without a present secret must wait for one, even when earlier ones are known.
    provide(secretBox, createSecretBox(present === null ? [] : [present, ...config.previousSecrets]));
    return undefined;
  },
});

const secretOf = (dataDir: string): string => (dataDir.startsWith('memory://') ? randomSecret() : ownSecret(dataDir));
