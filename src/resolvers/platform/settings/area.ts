import type { PermissionArea } from '#kernel/catalogue.ts';

export const settingArea: PermissionArea = {
  name: 'setting',
  description: 'Settings of others; everybody has his own.',
  scope: 'none',
  verbs: {
    read: { description: 'See settings of others.' },
    write: { description: 'Change settings of others.' },
  },
};
