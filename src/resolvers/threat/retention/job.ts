import { defineJob } from '#kernel/job.ts';
import { sweepThreat } from '#resolvers/threat/retention/run.ts';

export const retentionJob = defineJob({
  name: 'threat.retention.sweep',
  title: 'Remove old threat data',
  author: 'gatehouse',
  doc: 'Removes statuses, result sets and whatever else of the threat domain has been kept for long enough, and completes statuses of requests that were given up.',
  schedule: '17 * * * *',
  isolation: 'INLINE',
  runAs: 'SYSTEM',
  properties: { attempts: 3, maxParallel: 1, errorTime: 60 },
  handler: sweepThreat,
});
