import { onEveryStorage } from '../harness.ts';
import { inboxMessageContract, resultSetContract, subscriptionContract } from './block-rooms.ts';
import { contentBlockContract } from './content-blocks.ts';

onEveryStorage(contentBlockContract);
onEveryStorage(inboxMessageContract);
onEveryStorage(resultSetContract);
onEveryStorage(subscriptionContract);
