import type { z } from '@hono/zod-openapi'
import { errorSchema } from './schemas.ts'

/** A JSON answer, for the API description. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

/** A JSON body that must be there. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } }
}

/** What any route may answer beside its success. Thrown, and put into words in one place (errors.ts). */
export const failures = {
  400: json(errorSchema, 'The request cannot be understood'),
  401: json(errorSchema, 'No valid token'),
  403: json(errorSchema, 'Not allowed to this person'),
  404: json(errorSchema, 'No such thing'),
  409: json(errorSchema, 'Something has changed in the meantime, or stands against it'),
  411: json(errorSchema, 'The body came in chunks, without Content-Length'),
  413: json(errorSchema, 'The body is too large: 64 KiB at most, a rule file 2 MiB'),
  415: json(errorSchema, 'The body is not application/json'),
  429: json(errorSchema, 'Signing in failed too often'),
  503: json(errorSchema, 'The record cannot be written'),
} as const
