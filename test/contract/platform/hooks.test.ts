import { onEveryStorage } from '../harness.ts';
import { hookDeliveryContract } from './hook-deliveries.ts';
import { hookContract } from './hooks.ts';

for (const contract of [hookContract, hookDeliveryContract]) onEveryStorage(contract);
