import { onEveryStorage } from '../harness.ts';
import { statusContract } from './statuses.ts';
import { stixObjectContract } from './stix-objects.ts';

onEveryStorage(stixObjectContract);
onEveryStorage(statusContract);
