import { z } from 'zod';
import { parseSchedule } from '#kernel/cron.ts';
import { type EventDefinition, matchesName } from '#kernel/event.ts';
import { type DeclaredJob, type JobClass, jobOptions } from '#kernel/job.ts';
import type { JsonObject } from '#kernel/json.ts';
import type { GatehousePlugin } from '#plugins/define.ts';
import { PluginError } from '#plugins/order.ts';
import { runnableModule } from '#plugins/worker/module.ts';

const nameForm = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/;
const longestName = 200;

/** The job classes of all plugins. @throws PluginError naming the plugin, the class and its fault. */
export function collectJobs(
  plugins: readonly GatehousePlugin[],
  events: ReadonlyMap<string, EventDefinition>,
): ReadonlyMap<string, DeclaredJob> {
  const jobs = new Map<string, DeclaredJob>();
  for (const plugin of plugins) {
    for (const job of plugin.jobs) {
      const refuse = (fault: string): never => {
        throw new PluginError(`Job class ${job.name} of plugin "${plugin.name}" cannot be used: ${fault}`);
      };
      const rival = jobs.get(job.name);
      if (rival) refuse(`plugin "${rival.plugin}" declares a class of this name as well.`);
      checkClass(job, events, refuse);
      jobs.set(job.name, {
        plugin: plugin.name,
        class: job,
        argsSchema: schemaOf(job, refuse),
        shipped: {},
        fault: handlerFault(job),
      });
    }
  }
  for (const plugin of plugins) addShipped(jobs, plugin);
  return jobs;
}

function checkClass(
  job: JobClass,
  events: ReadonlyMap<string, EventDefinition>,
  refuse: (fault: string) => never,
): void {
  if (!nameForm.test(job.name) || job.name.length > longestName)
    refuse(`a name has two or more parts of letters, digits and _, joined by dots, ${longestName} characters at most.`);
  // Plugins may be written without types, so nothing is taken for granted.
  for (const key of ['title', 'author'] as const)
    if (typeof job[key] !== 'string' || job[key].trim() === '') refuse(`it has no ${key} of its own.`);
  checkSchedule(job, refuse);
  const options = jobOptions.safeParse(job.properties);
  if (!options.success) refuse(messagesOf(options.error));
  for (const pattern of job.on)
    if (![...events.keys()].some((name) => matchesName(pattern, name)))
      refuse(`"${pattern}" in \`on\` means no event that a listed plugin declares.`);
  if (job.isolation === 'THREAD' && !(job.handler instanceof URL))
    refuse('a function cannot be sent to a thread. Give a module (handler: new URL(…)) or say isolation: INLINE.');
}

function checkSchedule({ schedule, timezone }: JobClass, refuse: (fault: string) => never): void {
  if (schedule === null) return;
  try {
    parseSchedule(schedule, timezone);
  } catch (error) {
    refuse(`its schedule cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

function schemaOf(job: JobClass, refuse: (fault: string) => never): JsonObject {
  try {
    const { $schema: _, ...schema } = z.toJSONSchema(job.args, { io: 'input', unrepresentable: 'any' });
    return JSON.parse(JSON.stringify(schema));
  } catch (error) {
    return refuse(`its arguments have no JSON Schema: ${error instanceof Error ? error.message : error}`);
  }
}

/** A module that is not there is known before the first run. */
function handlerFault({ handler }: JobClass): string | null {
  if (!(handler instanceof URL) || runnableModule(handler) !== null) return null;
  return `There is no module ${handler.href}.`;
}

function addShipped(jobs: Map<string, DeclaredJob>, plugin: GatehousePlugin): void {
  for (const [name, options] of Object.entries(plugin.jobOptions)) {
    const job = jobs.get(name);
    const checked = jobOptions.safeParse(options);
    if (!job)
      throw new PluginError(`Plugin "${plugin.name}" says something of job class ${name}, which nobody declares.`);
    if (!checked.success)
      throw new PluginError(
        `Plugin "${plugin.name}" ships options for job class ${name}: ${messagesOf(checked.error)}`,
      );
    jobs.set(name, { ...job, shipped: { ...job.shipped, ...checked.data } });
  }
}

const messagesOf = (error: z.ZodError): string => error.issues.map((issue) => issue.message).join(' ');
