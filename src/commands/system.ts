import type { Command } from 'commander';
import { answerFailure } from '#commands/runner.ts';
import { action, noun, type Shell } from '#commands/shell.ts';
import { examples } from '#commands/things.ts';

interface ShownMaintenance {
  readonly project: string | null;
  readonly since: string;
  readonly by: string;
}

interface ShownSystem {
  readonly daemons: readonly {
    readonly id: string;
    readonly kind: string;
    readonly phase: string;
    readonly mode: string;
    readonly alive: boolean;
    readonly heartbeatAt: string | null;
    readonly startedAt: string;
  }[];
  readonly maintenance: {
    readonly global: ShownMaintenance | null;
    readonly projects: readonly ShownMaintenance[];
    readonly haltAt: string | null;
  };
}

const document = `{
  system {
    daemons { id kind phase mode alive heartbeatAt startedAt }
    maintenance { global { project since by } projects { project since by } haltAt }
  }
}`;

/** `gatehouse system …` */
export function systemCommand(program: Command, shell: Shell): void {
  const system = noun(program, 'system', 'the gateway as a whole');
  system
    .command('show')
    .description('show its processes, and what all of them obey')
    .addHelpText('after', examples('gatehouse system show', 'gatehouse --json system show'))
    .action(
      action(shell, async ({ runner, print }) => {
        const { system } = await runner.run<{ system: ShownSystem }>(document);
        if (print.asJson) return print.thing(system, []);
        print.list(system.daemons, [
          { head: 'daemon', cell: ({ id }) => id },
          { head: 'kind', cell: ({ kind }) => kind },
          { head: 'phase', cell: ({ phase, alive }) => (alive || phase === 'STOPPED' ? phase : `${phase} (silent)`) },
          { head: 'mode', cell: ({ mode }) => mode },
          { head: 'last heard of', cell: ({ heartbeatAt, startedAt }) => heartbeatAt ?? startedAt },
        ]);
        const { global, projects, haltAt } = system.maintenance;
        for (const { project, since, by } of [...(global ? [global] : []), ...projects])
          print.remark(
            `No jobs${project === null ? '' : ` of ${project}`} are started since ${since}: ${by} wants it so.`,
          );
        if (haltAt !== null) print.remark(`It was last halted at ${haltAt}.`);
      }),
    );
  system
    .command('halt')
    .description('ask all processes that run now to finish what they do and leave')
    .addHelpText('after', examples('gatehouse --url http://localhost:4000 system halt'))
    .action(
      action(shell, async ({ runner, print }) => {
        const document = `mutation {
          result: systemHalt { __typename ... on SystemHaltSuccess { haltAt } ... on Error { code message } }
        }`;
        const { result } = await runner.run<{ result: { haltAt?: string; code?: string; message?: string } }>(document);
        if (result.haltAt === undefined)
          throw answerFailure([{ message: result.message ?? '', extensions: { code: result.code } }]);
        print.done({ haltAt: result.haltAt }, `Processes that began before ${result.haltAt} leave.`);
      }),
    );
}
