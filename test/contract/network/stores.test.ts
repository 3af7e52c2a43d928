import { onEveryStorage } from '../harness.ts';
import { deviceContract } from './devices.ts';
import { interfaceContract } from './interfaces.ts';
import { networkContract } from './networks.ts';
import { siteContract } from './sites.ts';

onEveryStorage(siteContract);
onEveryStorage(deviceContract);
onEveryStorage(networkContract);
onEveryStorage(interfaceContract);
