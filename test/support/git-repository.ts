import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Why tests with a git repository cannot run here; empty: they can. */
export const noGit = spawnSync('git', ['--version']).status === 0 ? '' : ' – not run: no git in PATH'

export interface GitRepository {
  /** Runs git in it and gives what it printed. */
  git(...words: string[]): string
  /** Commits everything there is, after writing these files. @returns the commit */
  commit(files: Record<string, string>): string
}

/** A new repository in a new folder; its branch is main. */
export function makeGitRepository(folder: string): GitRepository {
  const who = ['-c', 'user.name=ann', '-c', 'user.email=ann@example.com', '-c', 'commit.gpgsign=false']
  const git = (...words: string[]) => execFileSync('git', [...who, ...words], { cwd: folder, encoding: 'utf8' }).trim()
  mkdirSync(folder)
  git('init', '--quiet', '--initial-branch=main')
  return {
    git,
    commit: (files) => {
      for (const [file, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, file)), { recursive: true })
        writeFileSync(join(folder, file), text)
      }
      git('add', '--all')
      git('commit', '--quiet', '--allow-empty', '-m', 'change')
      return git('rev-parse', 'HEAD')
    },
  }
}
