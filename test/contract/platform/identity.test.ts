import { onEveryStorage } from '../harness.ts';
import { accountContract, roleContract, sessionContract, throttleContract } from './identity.ts';

for (const contract of [accountContract, roleContract, sessionContract, throttleContract]) onEveryStorage(contract);
