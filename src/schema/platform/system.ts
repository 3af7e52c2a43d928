import { allow } from '#kernel/access.ts';
import type { LogState } from '#kernel/event.ts';
import { eventLogRenewed, eventLogTrimmed } from '#resolvers/platform/events/retention.ts';
import type { DaemonKind, DaemonMode, DaemonPhase } from '#resolvers/platform/system/daemon.ts';
import { maintenanceEntered, maintenanceLeft, systemEvents, systemHalted } from '#resolvers/platform/system/events.ts';
import { findSystem, type KnownDaemon, type SystemState } from '#resolvers/platform/system/find.ts';
import { enterMaintenance, haltSystem, leaveMaintenance } from '#resolvers/platform/system/maintenance.ts';
import type { Modes, ProjectMaintenance } from '#resolvers/platform/system/mode.ts';
import type { Builder } from '#schema/builder.ts';
import { describeField } from '#schema/description.ts';
import { feed } from '#schema/feed.ts';
import { mutation, plainMutation } from '#schema/mutation.ts';
import type { Version } from '#schema/platform/version.ts';

declare module '#schema/builder.ts' {
  interface Shapes {
    System: SystemState;
    Daemon: KnownDaemon;
    Modes: Modes;
    Maintenance: Omit<ProjectMaintenance, 'project'> & { readonly project: string | null };
    DaemonKind: DaemonKind;
    DaemonPhase: DaemonPhase;
    DaemonMode: DaemonMode;
  }
}

/** @param version what runs here, as every process of one release says it. */
export function systemParts(builder: Builder, version: () => Version): void {
  daemons(builder);
  modes(builder);
  builder.objectType('System', {
    description: 'How the gateway is doing, over all its processes.',
    fields: (t) => ({
      daemons: t.expose('daemons', { type: ['Daemon'], description: 'Its processes, by kind and id.' }),
      maintenance: t.field({
        type: 'Modes',
        description: 'What all of them obey.',
        resolve: (state) => state.modes,
      }),
      version: t.field({ type: 'Version', description: 'What answers here.', resolve: () => version() }),
      eventLog: t.field({
        type: 'EventLog',
        description: 'The log that they share.',
        resolve: (state): LogState => state.eventLog,
      }),
    }),
  });
  builder.queryField('system', (t) =>
    t.field({
      type: 'System',
      description: describeField({ description: 'How the gateway is doing.', needs: 'system:read' }),
      resolve: (_, __, ctx) => findSystem(ctx),
    }),
  );
  feed(builder, 'systemChanged', {
    description: 'What happens to the gateway as such: its processes, its modes and its log.',
    needs: 'system:read',
    events: [...systemEvents, eventLogTrimmed, eventLogRenewed],
    async select(ctx) {
      allow(ctx, 'system:read');
      return { names: [...systemEvents, eventLogTrimmed, eventLogRenewed].map(({ name }) => name) };
    },
  });
}

function daemons(builder: Builder): void {
  builder.enumType('DaemonKind', {
    description: 'What a process does in one of its parts.',
    values: {
      APP: { description: 'Serves the graph.' },
      WORKER: { description: 'Runs jobs.' },
      SCHEDULER: { description: 'Enqueues jobs by their schedules.' },
    },
  });
  builder.enumType('DaemonPhase', {
    description: 'How far the life of a daemon is.',
    values: {
      STARTING: { description: 'It does nothing yet.' },
      RUNNING: { description: 'It works.' },
      DRAINING: { description: 'It begins nothing more and finishes what it does.' },
      STOPPED: { description: 'It ended, or was not heard of for too long.' },
    },
  });
  builder.enumType('DaemonMode', {
    description: 'What a daemon obeys now.',
    values: {
      NORMAL: { description: 'Jobs are started.' },
      MAINTENANCE: { description: 'No jobs are started.' },
    },
  });
  builder.objectType('Daemon', {
    description: 'A running process in one of its parts.',
    fields: (t) => ({
      id: t.exposeString('id', { description: '`name@host`: what jobs are pinned to.' }),
      kind: t.expose('kind', { type: 'DaemonKind', description: 'What it does.' }),
      hostname: t.exposeString('hostname', { description: 'The machine it runs on.' }),
      pid: t.exposeInt('pid', { description: 'Its process there.' }),
      startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
      heartbeatAt: t.expose('heartbeatAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When it last showed that it lives.',
      }),
      phase: t.expose('phase', { type: 'DaemonPhase', description: 'How far its life is.' }),
      mode: t.expose('mode', { type: 'DaemonMode', description: 'What it obeys.' }),
      alive: t.exposeBoolean('alive', { description: 'Whether it was heard of within `daemon.aliveFor`.' }),
    }),
  });
}

function modes(builder: Builder): void {
  builder.objectType('Maintenance', {
    description: 'That no jobs are started.',
    fields: (t) => ({
      project: t.exposeString('project', { nullable: true, description: 'Of which project; null for all of them.' }),
      since: t.expose('since', { type: 'DateTime', description: 'Since when.' }),
      by: t.exposeString('by', { description: 'The name of who wanted it so.' }),
    }),
  });
  builder.objectType('Modes', {
    description: 'What all daemons obey.',
    fields: (t) => ({
      global: t.field({
        type: 'Maintenance',
        nullable: true,
        description: 'The maintenance of all projects; null while jobs are started.',
        resolve: ({ global }) => global && { project: null, ...global },
      }),
      projects: t.field({
        type: ['Maintenance'],
        description: 'The maintenance of single projects, by name.',
        resolve: ({ projects }) => [...projects],
      }),
      haltAt: t.expose('haltAt', {
        type: 'DateTime',
        nullable: true,
        description: 'Daemons that began before leave; null when that was never asked for.',
      }),
    }),
  });
  const parts = { needs: 'queue:control@project/p' } as const;
  mutation(builder, 'maintenanceEnter', {
    ...parts,
    description: 'Has no more jobs started, of one project or of all; what runs goes on. Enqueuing always works.',
    emits: [maintenanceEntered],
    input: (t) => ({
      project: t.string({ description: 'The first part of the names of jobs; all jobs unless said.' }),
    }),
    resolve: (ctx, input) => enterMaintenance(ctx, input),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when it was so already.' }),
      maintenance: t.field({ type: 'Modes', description: 'As it is now.', resolve: (done) => done.modes }),
    }),
  });
  mutation(builder, 'maintenanceLeave', {
    ...parts,
    description: 'Has jobs started again.',
    emits: [maintenanceLeft],
    input: (t) => ({ project: t.string({ description: 'The project; the maintenance of all unless said.' }) }),
    resolve: (ctx, input) => leaveMaintenance(ctx, input),
    success: (t) => ({
      changed: t.exposeBoolean('changed', { description: 'False when it was not in maintenance.' }),
      maintenance: t.field({ type: 'Modes', description: 'As it is now.', resolve: (done) => done.modes }),
    }),
  });
  plainMutation(builder, 'systemHalt', {
    description: 'Asks all processes that run now to finish what they do and leave. Those that start later stay.',
    needs: 'system:control',
    emits: [systemHalted],
    resolve: (ctx) => haltSystem(ctx),
    success: (t) => ({
      haltAt: t.field({
        type: 'DateTime',
        description: 'Whoever began before leaves.',
        resolve: (done: { readonly haltAt: string }) => done.haltAt,
      }),
    }),
  });
}
