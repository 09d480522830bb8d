import { z } from 'zod'
import type { Entry } from '../ledger/index.ts'
import { read } from './hold-view.ts'

const entrySchema = z.custom<Entry>(
  (value) =>
    z.object({ index: z.number(), at: z.string(), kind: z.string(), body: z.object({}).loose() }).safeParse(value)
      .success,
)

export const readHead = (answer: unknown) => read(z.object({ size: z.number() }), answer)
export const readEntries = (answer: unknown) =>
  read(z.object({ entries: z.array(entrySchema), next: z.number().nullable() }), answer)
