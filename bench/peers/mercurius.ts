/** Mercurius on Fastify with compiled queries. */
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { answerParent } from '../harness/child.ts';

const server = Fastify({ logger: false });
await server.register(mercurius, {
  schema: 'type Query { hello: String! }',
  resolvers: { Query: { hello: () => 'world' } },
  jit: 1,
  graphiql: false,
});

answerParent(`${await server.listen({ port: 0, host: '127.0.0.1' })}/graphql`, {}, () => server.close());
