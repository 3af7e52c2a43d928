import { onEveryStorage } from '../harness.ts';
import { jobLogContract, jobRoomsContract } from './job-rooms.ts';

for (const contract of [jobLogContract, jobRoomsContract]) onEveryStorage(contract);
