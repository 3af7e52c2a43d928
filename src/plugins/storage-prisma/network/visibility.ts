import type { Visibility } from '#kernel/permission.ts';
import { Prisma } from '#plugins/storage-prisma/generated/client.ts';
import { uuids } from '#plugins/storage-prisma/rows.ts';
import { type Covering, visibleInSql } from '#plugins/storage-prisma/visible.ts';
import type { Kind } from '#resolvers/network/access.ts';

const { sql } = Prisma;

/**
 * What a viewer may see of one kind of things in Sites: by grants on the Site, on the kind, on the kind in the Site, and
 * by what the kind adds.
 */
export function visibleInSite(
  visibility: Visibility,
  kind: Kind,
  siteId: Prisma.Sql,
  own: Covering<Prisma.Sql>,
): Prisma.Sql {
  const suffix = `/${kind}`;
  return visibleInSql(visibility, {
    site: (values) => {
      const sites = values.map((value) => (value.endsWith(suffix) ? value.slice(0, -suffix.length) : value));
      return sql`${siteId} = ANY (${uuids(sites)}::uuid[])`;
    },
    kind: (values) => (values.includes(kind) ? sql`TRUE` : sql`FALSE`),
    ...own,
  });
}
