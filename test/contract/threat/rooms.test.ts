import { onEveryStorage } from '../harness.ts';
import { apiRootContract } from './api-roots.ts';
import { collectionContract } from './collections.ts';

onEveryStorage(apiRootContract);
onEveryStorage(collectionContract);
