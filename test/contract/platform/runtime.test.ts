import { onEveryStorage } from '../harness.ts';
import { daemonContract, leaseContract, modeContract, scheduleContract } from './runtime.ts';

for (const contract of [leaseContract, modeContract, daemonContract, scheduleContract]) onEveryStorage(contract);
