import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { build } from 'vite'

/**
 * Bundles a TypeScript file, dependencies included, into one ES module in a temporary folder, so that a test can run
 * it as a process of its own with plain `node`. Returns the folder, for the test to remove, and the module's path.
 */
export async function bundle(entry: string): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-bundle-'))
  const name = `${basename(entry).replace(/\.ts$/, '')}.mjs`
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, target: 'node' },
    build: {
      ssr: entry,
      outDir: folder,
      emptyOutDir: false,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: name } },
    },
  })
  return { folder, file: join(folder, name) }
}
