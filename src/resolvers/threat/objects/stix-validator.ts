import type { JsonObject } from '#kernel/json.ts';
import { definePort } from '#kernel/port.ts';

/** Holds objects against what STIX says of their types: for `threat.stixValidation: full`. */
export interface StixValidator {
  /**
   * Why an object is not what its type demands, in one sentence that names the property; null where it is, and for an
   * object of a version of STIX that the validator does not know. Pure, and never throws.
   * @param object that has passed the checks that every object passes.
   * @param allowCustom whether types and properties beyond the specification are taken.
   */
  judge(object: JsonObject, allowCustom: boolean): string | null;
}

/** Optional. */
export const stixValidator = definePort<StixValidator>('threat.stixValidator');
