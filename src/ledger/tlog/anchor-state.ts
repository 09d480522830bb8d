import { z } from 'zod'
import type { TileFiles } from './tile-files.ts'

const statesPath = 'anchors.json'

const anchorState = z.strictObject({
  kind: z.enum(['file', 'webhook', 'witness']),
  /** Path, address, or name of the witness. */
  name: z.string(),
  /** Entries of the newest checkpoint that it has. */
  size: z.int(),
  /** When it got that one; where it got none, when it was tried first. */
  at: z.string(),
  /** Why it has not got the newest one. */
  problem: z.string().nullable(),
})

/** How it stands with one place that checkpoints are published to. */
export type AnchorState = z.output<typeof anchorState>

export async function writeAnchorStates(tiles: TileFiles, states: readonly AnchorState[]): Promise<void> {
  await tiles.write(statesPath, Buffer.from(`${JSON.stringify(states, null, 2)}\n`, 'utf8'), false)
}

/** Nothing where there is no such file, or half of one after a power cut: it only informs. */
export async function readAnchorStates(tiles: TileFiles): Promise<AnchorState[]> {
  const bytes = await tiles.read(statesPath)
  try {
    return bytes === undefined ? [] : z.array(anchorState).parse(JSON.parse(bytes.toString('utf8')))
  } catch {
    return []
  }
}
