import { onEveryStorage } from '../harness.ts';
import { circuitContract } from './circuits.ts';
import { protocolTypeContract } from './protocol-types.ts';
import { protocolContract } from './protocols.ts';

onEveryStorage(circuitContract);
onEveryStorage(protocolTypeContract);
onEveryStorage(protocolContract);
