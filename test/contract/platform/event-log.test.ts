import { onEveryStorage } from '../harness.ts';
import { eventLogContract } from './event-log.ts';

onEveryStorage(eventLogContract);
