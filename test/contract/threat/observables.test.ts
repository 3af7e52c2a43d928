import { onEveryStorage } from '../harness.ts';
import { observableContract } from './observables.ts';

onEveryStorage(observableContract);
