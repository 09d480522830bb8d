import type { Outcome } from './types.ts'

/** What the HTTP API answers about rules, as the console reads it; written out here for the same reasons as there. */

export interface RulesView {
  readonly version: string
  readonly files: readonly { readonly file: string; readonly digest: string }[]
  readonly rules: readonly {
    readonly id: string
    readonly about: string
    /** Where to read why. */
    readonly references: readonly string[]
    readonly outcome: Outcome
    readonly mode: string
    readonly file: string
    readonly line: number
    readonly severity?: string
  }[]
  /** Why the newest files on disk are not in force; null when they are. */
  readonly problems: string | null
}

export interface RuleFiles {
  readonly version: string
  readonly files: readonly { readonly file: string; readonly digest: string; readonly text: string }[]
}

/** A finding at a place in a rule file; lines and columns count from 1. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning'
  readonly message: string
  readonly hint?: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly length?: number
}

export interface RuleCheck {
  readonly ok: boolean
  /** The version the set would have; null: it does not load. */
  readonly version: string | null
  readonly rules: number
  readonly diagnostics: readonly Diagnostic[]
  readonly tests: readonly {
    readonly rule: string
    readonly test: string
    readonly expected: Outcome
    readonly got: Outcome
    readonly passed: boolean
  }[]
}

/** A version of the rules on the record. */
export interface RuleVersion {
  readonly version: string
  readonly digest: string
  readonly files: readonly { readonly file: string; readonly digest: string }[]
  /** Where its files stand on the ledger. */
  readonly index: number
  readonly at: string
  /** When it came into force last; null: it never did. */
  readonly inForceAt: string | null
  readonly inForce: boolean
  /** Who put it in force then, and why; null: nobody but the files. */
  readonly switched: { readonly by: string; readonly reason: string } | null
  /** The commit it came from last, where files come from git. */
  readonly commit?: string
}

export interface RuleVersions {
  readonly inForce: string
  /** The version of the files; another where somebody put one in their place. */
  readonly files: string
  /** Newest first. */
  readonly versions: readonly RuleVersion[]
}

export interface RuleVersionFiles extends RuleVersion {
  readonly texts: readonly { readonly file: string; readonly text: string }[]
}

/** What came of a change: `proposed` waits for others to accept it. */
export interface RuleChange {
  readonly state: 'in-force' | 'proposed'
  readonly version: string
  readonly proposal?: string
}

export interface RuleProposal {
  readonly proposal: string
  readonly version: string
  readonly digest: string
  readonly origin: 'files' | 'load' | 'rollback'
  /** null: the files were changed, and nobody knows by whom. */
  readonly by: string | null
  readonly reason: string
  /** The commit it came from, where files come from git. */
  readonly commit?: string
  readonly at: string
  readonly votes: readonly {
    readonly by: string
    readonly decision: 'accept' | 'reject'
    readonly reason: string
    readonly at: string
  }[]
  readonly state: 'open' | 'accepted' | 'rejected' | 'superseded'
  readonly mayVote: { readonly allowed: boolean; readonly reason: string | null }
}

export interface RuleProposals {
  /** Who has to accept a change; no groups: any reviewer; null: nobody. */
  readonly review: { readonly approvals: number; readonly groups: readonly string[] } | null
  /** Newest first. */
  readonly proposals: readonly RuleProposal[]
}

/** What was said of an action, and the rule that decided; null: none did. */
export interface Said {
  readonly outcome: Outcome
  readonly rule: string | null
}

/** Rules that are tried beside those in force, and how they differ. */
export interface CanaryReport {
  readonly canary: string
  readonly version: string
  readonly by: string
  readonly at: string
  readonly until: string
  /** null: it goes on. */
  readonly endedAt: string | null
  readonly judgements: number
  readonly differently: number
  /** The most frequent first. */
  readonly differences: readonly {
    readonly was: Said
    readonly becomes: Said
    readonly judgements: number
    readonly examples: readonly {
      readonly at: string
      readonly action: string
      readonly actor: string
      readonly door: string
      readonly operation: string
      readonly statement: string | null
      readonly rows: number | null
      readonly was: Outcome
      readonly becomes: Outcome
    }[]
  }[]
}
