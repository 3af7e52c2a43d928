import type { Gateway } from '../../src/gateway.ts';

/**
 * Runs one mutation with the rights of the gateway.
 * @param asked what is wanted of its success.
 * @returns the success.
 * @throws Error with what it answered instead.
 */
export async function mutate(
  gateway: Gateway,
  field: string,
  given: { readonly input: object } | { readonly inputs: readonly object[] },
  asked = '',
): Promise<Record<string, unknown>> {
  const Field = field[0]?.toUpperCase() + field.slice(1);
  const Noun = Field.replace(/Many$/, '');
  const [argument, type] = 'input' in given ? ['input', `${Noun}Input!`] : ['inputs', `[${Noun}Input!]!`];
  const { data, errors } = await gateway.execute({
    document: `mutation ($${argument}: ${type}) {
      ${field}(${argument}: $${argument}) { __typename ... on ${Field}Success { __typename ${asked} } ... on Error { message } }
    }`,
    variables: given as Record<string, unknown>,
  });
  const answer = data?.[field] as Record<string, unknown> | undefined;
  if (answer?.__typename !== `${Field}Success`)
    throw new Error(`${field} did not succeed: ${JSON.stringify({ answer, errors })}`);
  return answer;
}
