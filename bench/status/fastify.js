// Fastify with pg: a prepared statement and a schema of the answer, as its manual advises for speed.
const { createRequire } = require('module')
const need = createRequire(process.env.NODE_HOME + '/')
const { Pool } = need('pg')
const columns = 'code name school rating rating_year reasons document_number valid_from provisional under standing quota closed_on sequence'.split(' ')
const text = { type: ['string', 'null'] }, several = { type: 'array', items: { type: 'string' } }
const types = { rating_year: { type: 'integer' }, reasons: several, under: several,
  quota: { type: 'object', additionalProperties: { type: 'integer' } }, sequence: { type: 'integer' } }
const status = { type: 'object', properties: Object.fromEntries(columns.map(name => [name, types[name] || text])) }
need('pg').types.setTypeParser(1082, day => day)
const pool = new Pool({ connectionString: process.env.NODE_DATABASE, max: 16 })
const one = `SELECT ${columns} FROM peer.plain_status WHERE code = $1`
const app = need('fastify')()
app.get('/v1/specialties/:code/status', { schema: { response: { 200: status } } }, async (request, reply) => {
  const { rows } = await pool.query({ name: 'one', text: one, values: [request.params.code] })
  return rows[0] || reply.code(404).send({ detail: 'not found' })
})
app.listen({ port: +process.argv[2], host: '127.0.0.1' })
