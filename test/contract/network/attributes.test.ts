import { onEveryStorage } from '../harness.ts';
import { attributeContract } from './attributes.ts';

onEveryStorage(attributeContract);
