import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '#commands/program.ts';
import { createAccount } from '#resolvers/platform/accounts/create.ts';
import { createApiKey } from '#resolvers/platform/api-keys/api-keys.ts';
import { type JobGateway, openJobs } from '../../support/jobs.ts';

let open: JobGateway;
beforeAll(async () => {
  open = await openJobs({ works: false });
});
afterAll(() => open.gateway.dispose());

async function asker(...permissions: string[]) {
  const account = await createAccount(open.system, { name: `p${Math.random()}`, permissions, roles: [] });
  const { key } = await createApiKey(open.system, { account: { id: account.id }, name: 'test' });
  return async (query: string) => {
    const answer = await open.gateway.fetch(
      new Request('http://here/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query }),
      }),
    );
    return (await answer.json()) as { data: Record<string, never>; errors?: { extensions: { code: string } }[] };
  };
}

const enter = (project: string | null) => `mutation { maintenanceEnter(input: { project: ${JSON.stringify(project)} }) {
  __typename
  ... on MaintenanceEnterSuccess { changed maintenance { global { by project } projects { project by } } }
  ... on Error { code message path } } }`;
const leave = (project: string | null) => `mutation { maintenanceLeave(input: { project: ${JSON.stringify(project)} }) {
  __typename ... on MaintenanceLeaveSuccess { changed maintenance { global { by } projects { project } } }
  ... on Error { code message } } }`;

describe('the system', () => {
  test('is entered and left, each once, and tells of it', async () => {
    const ask = await asker('queue:control', 'system:read');
    const first = await ask(enter(null));
    expect(first.data.maintenanceEnter).toMatchObject({
      changed: true,
      maintenance: { global: { project: null }, projects: [] },
    });
    expect((await ask(enter(null))).data.maintenanceEnter).toMatchObject({ changed: false });
    expect((await ask(enter('tests'))).data.maintenanceEnter).toMatchObject({
      changed: true,
      maintenance: { projects: [{ project: 'tests' }] },
    });
    expect((await ask(leave(null))).data.maintenanceLeave).toMatchObject({ changed: true });
    expect((await ask(leave('tests'))).data.maintenanceLeave).toEqual({
      __typename: 'MaintenanceLeaveSuccess',
      changed: true,
      maintenance: { global: null, projects: [] },
    });
    expect((await ask(leave('tests'))).data.maintenanceLeave).toMatchObject({ changed: false });
    const told = await open.events('platform.maintenance.');
    expect(told.map(({ name, data }) => [name.split('.').at(-1), (data as { project: unknown }).project])).toEqual([
      ['entered', null],
      ['entered', 'tests'],
      ['left', null],
      ['left', 'tests'],
    ]);
    expect(told.every(({ retain }) => retain === 'AUDIT')).toBe(true);
  });

  test('is controlled by who may: of one project by who may there', async () => {
    const ask = await asker('queue:control@project/tests');
    expect((await ask(enter('tests'))).data.maintenanceEnter).toMatchObject({ changed: true });
    expect((await ask(leave('tests'))).data.maintenanceLeave).toMatchObject({ changed: true });
    for (const project of ['other', null])
      expect((await ask(enter(project))).data.maintenanceEnter).toMatchObject({
        __typename: 'ForbiddenError',
        message: 'Needs queue:control.',
      });
    expect((await ask(enter('a b'))).data.maintenanceEnter).toMatchObject({
      __typename: 'InputError',
      path: ['project'],
    });
    const halt = 'mutation { systemHalt { __typename ... on Error { message } } }';
    expect((await ask(halt)).data.systemHalt).toEqual({
      __typename: 'ForbiddenError',
      message: 'Needs system:control.',
    });
    expect((await ask('{ system { daemons { id } } }')).errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('shows its processes with what they obey, and is halted', async () => {
    const ask = await asker('system:read', 'system:control', 'queue:control');
    open.gateway.work();
    await expect
      .poll(async () => (await ask('{ system { daemons { id phase } } }')).data.system)
      .toMatchObject({ daemons: [{ phase: 'RUNNING' }, { phase: 'RUNNING' }] });
    const { data } = await ask(
      '{ system { daemons { id kind hostname pid phase mode alive } maintenance { haltAt } eventLog { head } version { node } } }',
    );
    expect(data.system).toMatchObject({
      daemons: [
        { kind: 'SCHEDULER', pid: process.pid, phase: 'RUNNING', mode: 'NORMAL', alive: true },
        { id: expect.stringMatching(/^worker@./), kind: 'WORKER', alive: true },
      ],
      maintenance: { haltAt: null },
      version: { node: process.versions.node },
    });
    const said: string[] = [];
    const terminal = {
      out: (text: string) => said.push(text),
      err: (text: string) => said.push(text),
      environment: {},
      folder: process.cwd(),
      stopped: new AbortController().signal,
    };
    const local = {
      openLocal: async () => ({
        gateway: open.gateway,
        async run(document: string, variables = {}) {
          const { data, errors } = await open.gateway.execute({ document, variables });
          if (errors) throw new Error(errors.map(({ message }) => message).join());
          return data as never;
        },
        follow: (): never => {
          throw new Error('not followed');
        },
        close: async () => {},
      }),
    };
    const command = (...words: string[]) => runCommand(words, terminal as never, local as never);
    expect(await command('maintenance', 'enter', 'tests')).toBe(0);
    expect(await command('system', 'show')).toBe(0);
    expect(said.join('')).toMatch(
      /Jobs of tests are not started any more\.\n[\s\S]*worker@\S+ +WORKER +RUNNING[\s\S]*No jobs of tests are started since .*: system wants it so\./,
    );
    expect(await command('maintenance', 'leave', 'tests')).toBe(0);
    expect(open.gateway.leaving.aborted).toBe(false);
    expect(await command('system', 'halt')).toBe(0);
    expect(said.at(-1)).toMatch(/^Processes that began before 20\S+Z leave\.\n$/);
    await expect.poll(() => open.gateway.leaving.aborted, { timeout: 5000 }).toBe(true);
    await expect
      .poll(async () => (await ask('{ system { daemons { phase alive } } }')).data.system, { timeout: 5000 })
      .toEqual({
        daemons: [
          { phase: 'STOPPED', alive: false },
          { phase: 'STOPPED', alive: false },
        ],
      });
    const told = (await open.events('platform.daemon.')).map(({ name }) => name.split('.').at(-1));
    expect(told.sort()).toEqual(['started', 'started', 'stopped', 'stopped']);
  });
});
