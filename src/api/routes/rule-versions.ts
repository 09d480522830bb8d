import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import { authorize, type Person } from '../../people/index.ts'
import type { Proposal, StoredVersion } from '../../rulebook/index.ts'
import { type ApiEnv, needs } from '../access.ts'
import type { ApiDeps } from '../deps.ts'
import { failures, json, jsonBody } from '../describe.ts'
import {
  ruleChangeSchema,
  ruleLoadSchema,
  ruleProposalSchema,
  ruleProposalsSchema,
  ruleRollbackSchema,
  ruleVersionFilesSchema,
  ruleVersionsSchema,
  ruleVoteSchema,
} from '../rule-schemas.ts'

const versions = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/rules/versions',
  summary: 'Every version of the rules on the record, newest first',
  responses: { ...failures, 200: json(ruleVersionsSchema, 'Versions') },
})

const version = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/rules/versions/{version}',
  summary: 'One version of the rules, with the full text of its files',
  request: { params: z.object({ version: z.string().max(64) }) },
  responses: { ...failures, 200: json(ruleVersionFilesSchema, 'The version') },
})

const load = createRoute({
  ...needs('rules.manage'),
  method: 'post',
  path: '/api/rules/versions',
  summary: 'Put other rules in force, as a whole; they stay until the files change',
  request: { body: jsonBody(ruleLoadSchema) },
  responses: { ...failures, 201: json(ruleChangeSchema, 'In force, or proposed') },
})

const rollback = createRoute({
  ...needs('rules.manage'),
  method: 'post',
  path: '/api/rules/rollback',
  summary: 'Put a version in force that is on the record; it stays until the files change',
  request: { body: jsonBody(ruleRollbackSchema) },
  responses: { ...failures, 201: json(ruleChangeSchema, 'In force, or proposed') },
})

const proposals = createRoute({
  ...needs('read'),
  method: 'get',
  path: '/api/rules/proposals',
  summary: 'Changes of the rules that wait for somebody to accept them, and the last that did; newest first',
  responses: { ...failures, 200: json(ruleProposalsSchema, 'Proposals') },
})

const vote = createRoute({
  ...needs('vote'),
  method: 'post',
  path: '/api/rules/proposals/{proposal}/votes',
  summary: 'Accept or reject a change of the rules that somebody else made',
  request: { params: z.object({ proposal: z.string().max(64) }), body: jsonBody(ruleVoteSchema) },
  responses: { ...failures, 200: json(ruleProposalSchema, 'The proposal after the vote') },
})

export function ruleVersionRoutes(app: OpenAPIHono<ApiEnv>, { rulebook }: ApiDeps): void {
  const view = (stored: StoredVersion) => {
    return { ...stored, inForce: stored.version === rulebook.status().inForce.judge.version }
  }

  const proposalFor = (proposal: Proposal, person: Person) => {
    const reason = rulebook.whyNotVote(proposal, person.id)
    return { ...proposal, mayVote: reason === undefined ? authorize(person, 'vote') : { allowed: false, reason } }
  }

  app.openapi(versions, (c) => {
    const { inForce, files } = rulebook.status()
    return c.json({ inForce: inForce.judge.version, files, versions: rulebook.versions().map(view) }, 200)
  })

  app.openapi(version, async (c) => {
    const { texts, ...stored } = await rulebook.read(c.req.valid('param').version)
    return c.json({ ...view(stored), texts }, 200)
  })

  app.openapi(load, async (c) => {
    const { files, reason } = c.req.valid('json')
    return c.json(await rulebook.load(files, c.get('person').id, reason), 201)
  })

  app.openapi(rollback, async (c) => {
    const { version: wanted, reason } = c.req.valid('json')
    return c.json(await rulebook.rollback(wanted, c.get('person').id, reason), 201)
  })

  app.openapi(proposals, (c) => {
    const listed = rulebook.proposals().map((proposal) => proposalFor(proposal, c.get('person')))
    return c.json({ review: rulebook.review ?? null, proposals: listed }, 200)
  })

  app.openapi(vote, async (c) => {
    const { decision, reason } = c.req.valid('json')
    const person = c.get('person')
    const voted = await rulebook.vote(c.req.valid('param').proposal, person.id, decision, reason)
    return c.json(proposalFor(voted, person), 200)
  })
}
