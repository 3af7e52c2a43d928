import { onEveryStorage } from '../harness.ts';
import { importContract } from './imports.ts';

onEveryStorage(importContract);
