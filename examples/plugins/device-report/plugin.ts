import { graph } from 'gatehouse/kernel/graph';
import { defineJob } from 'gatehouse/kernel/job';
import { definePlugin } from 'gatehouse/plugins/define';
import { z } from 'zod';

const count = defineJob<{ readonly label?: string | undefined }>({
  name: 'reports.devices',
  title: 'Count devices',
  author: 'netops',
  doc: 'Counts the devices of each site and keeps the figures as the document /device-report.',
  schedule: '0 6 * * *',
  args: z.strictObject({ label: z.string().max(100).optional().describe('A word that the report carries.') }),
  properties: { attempts: 3, errorTime: 60, wallTime: 600 },
  handler: new URL('./count-devices.ts', import.meta.url),
});

const latest = '{ storeDocument(path: "/device-report") { body updatedAt } }';

export const plugin = definePlugin({
  name: 'device-report',
  version: '1.0.0',
  description: 'A report of devices: made by a job, given by a route, shown on a page.',
  jobs: [count],
  routes: [
    {
      method: 'GET',
      path: '/device-report/latest',
      name: 'reports.devices',
      title: 'Device report, as JSON',
      description: 'The last report, for those who may read the document.',
      async handle(_, ctx) {
        const answer = await ctx.use(graph).execute({ document: latest, viewer: ctx.viewer, signal: ctx.signal });
        if (answer.errors) return Response.json({ error: answer.errors[0]?.message }, { status: 403 });
        const { storeDocument } = answer.data as { storeDocument: { body: object; updatedAt: string } | null };
        if (!storeDocument) return Response.json({ error: 'No report yet.' }, { status: 404 });
        return Response.json({ ...storeDocument.body, updatedAt: storeDocument.updatedAt });
      },
    },
  ],
  assets: [
    {
      path: '/device-report',
      directory: new URL('./page/', import.meta.url),
      name: 'reports.page',
      title: 'Device report',
      description: 'The last report as a page.',
      tags: ['inventory'],
    },
  ],
});
