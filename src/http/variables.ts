import {
  coerceInputValue,
  type GraphQLSchema,
  isInputType,
  isNonNullType,
  type OperationDefinitionNode,
  typeFromAST,
} from 'graphql';
import type { FieldFault } from '#kernel/errors.ts';

/** Beyond so many, more of them help nobody. */
const mostFaults = 100;

/**
 * Every part of the variables that does not fit its type, each at its path. GraphQL itself would tell the same with the
 * whole value in the message, secrets included.
 */
export function variableFaults(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const definition of operation.variableDefinitions ?? []) {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    // Validation has refused every other type.
    if (!isInputType(type) || faults.length >= mostFaults) continue;
    const given = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (given === undefined) {
      if (isNonNullType(type) && !definition.defaultValue)
        faults.push({ path: [name], message: `The variable $${name} of type ${type} is missing.` });
      continue;
    }
    coerceInputValue(given, type, (path, _value, error) => {
      if (faults.length < mostFaults) faults.push({ path: [name, ...path.map(String)], message: error.message });
    });
  }
  return faults;
}
