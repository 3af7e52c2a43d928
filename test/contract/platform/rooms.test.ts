import { onEveryStorage } from '../harness.ts';
import { accessTokenContract, documentContract, settingContract } from './rooms.ts';

for (const contract of [documentContract, settingContract, accessTokenContract]) onEveryStorage(contract);
