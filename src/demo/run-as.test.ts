import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseNobody, runAsFor } from './run-as.ts'

it('finds nobody in a passwd file', () => {
  expect(parseNobody('root:x:0:0:root:/root:/bin/sh\nnobody:x:99:98:Nobody:/:/sbin/nologin\n')).toEqual({
    uid: 99,
    gid: 98,
  })
})

it('never becomes root, whatever the passwd file says of nobody', () => {
  for (const line of ['nobody:x:0:0::/:/bin/sh', 'nobody:*:-2:-2::/:', 'nobody', '']) {
    expect(parseNobody(line)).toEqual({ uid: 65534, gid: 65534 })
  }
})

it('drops to somebody else exactly when it is root', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-run-as-'))
  try {
    const runAs = await runAsFor(join(folder, 'not-made-yet'))
    if (process.getuid?.() === 0) expect(runAs?.uid).toBeGreaterThan(0)
    else expect(runAs).toBeUndefined()
  } finally {
    await rm(folder, { recursive: true })
  }
})
