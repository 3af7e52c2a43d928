import type { Facts, Rights, ScopeGrant, Visibility } from '#kernel/permission.ts';
import type { Viewer } from '#kernel/viewer.ts';

/**
 * A viewer's own rights and what is open to everybody. Nobody was granted the latter: so nobody can pass it on, and an API
 * key does not narrow it.
 */
export function withOpenRights(own: Rights, open: Rights): Rights {
  if (open.texts.length === 0) return own;
  return {
    key: `${own.key}|${open.key}`,
    texts: own.texts,
    covers: (need, facts) => own.covers(need, facts) || open.covers(need, facts),
    holds: (text, ancestors) => own.holds(text, ancestors),
    visibility(need) {
      const added = open.visibility(need);
      return typeof added === 'string' ? own.visibility(need) : orGrants(own.visibility(need), added.allOf[0] ?? []);
    },
  };
}

/** What a viewer may see, and what grants show beside it. */
function orGrants(visibility: Visibility, grants: readonly ScopeGrant[]): Visibility {
  if (visibility === 'all' || grants.length === 0) return visibility;
  if (visibility === 'none') return { allOf: [grants] };
  return { allOf: visibility.allOf.map((list) => [...list, ...grants]) };
}

/**
 * The fact of an event that names who sees it whatever their rights: every account, or everybody. No permission names
 * this kind.
 */
export const audience = {
  accounts: { audience: 'accounts' },
  everyone: { audience: 'everyone' },
} as const satisfies Readonly<Record<string, Facts>>;

const audiencesOf = (viewer: Viewer): readonly string[] =>
  viewer.kind === 'ANONYMOUS' ? ['everyone'] : ['accounts', 'everyone'];

/** Whether a viewer belongs to the audience that an event names. */
export function isInAudience(viewer: Viewer, scope: Facts): boolean {
  return typeof scope.audience === 'string' && audiencesOf(viewer).includes(scope.audience);
}

/** What a viewer may see of events that may name an audience. */
export const withAudience = (visibility: Visibility, viewer: Viewer): Visibility =>
  orGrants(
    visibility,
    audiencesOf(viewer).map((value) => ({ kind: 'audience', value })),
  );
