import { definePlugin } from '#plugins/define.ts';
import { judgeStix } from '#plugins/stix-validator/judge.ts';
import { stixValidator } from '#resolvers/threat/objects/stix-validator.ts';

export const stixValidatorPlugin = definePlugin({
  name: 'stix-validator',
  version: '1.0.0',
  description: 'Holds objects against what STIX 2.1 says of their types, where `threat.stixValidation` is full.',
  provides: [stixValidator],
  setup({ provide }) {
    provide(stixValidator, { judge: judgeStix });
    return undefined;
  },
});
