import { onEveryStorage } from '../harness.ts';
import { documentContract, settingContract } from './rooms.ts';

for (const contract of [documentContract, settingContract]) onEveryStorage(contract);
