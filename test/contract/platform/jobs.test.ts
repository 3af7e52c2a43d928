import { onEveryStorage } from '../harness.ts';
import { jobContract } from './jobs.ts';

onEveryStorage(jobContract);
