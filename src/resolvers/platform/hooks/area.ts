import type { PermissionArea } from '#kernel/catalogue.ts';

export const hookArea: PermissionArea = {
  name: 'hook',
  description:
    'Hooks; everybody sees his own. `hook:admin` reaches those of all, with what they are sent, whatever else its holder may see.',
  scope: 'none',
  verbs: { write: { description: 'Make and change one’s own hooks.' } },
};
