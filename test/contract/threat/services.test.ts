import { onEveryStorage } from '../harness.ts';
import { dataCollectionContract } from './data-collections.ts';
import { serviceContract } from './services.ts';

onEveryStorage(serviceContract);
onEveryStorage(dataCollectionContract);
