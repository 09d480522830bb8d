/** Every default of the ledger, in one place. */
export const defaults = {
  /**
   * Size of a segment, zero-filled when it is created. Writing inside a file whose blocks exist needs no metadata
   * sync, which is what makes `fdatasync` cheap; 16 MiB (about 20,000 entries) keeps roll-overs rare and files handy.
   */
  segmentBytes: 16 * 1024 * 1024,

  /**
   * Full segments, the newest, whose every entry is checked at each start (some 600,000 entries, in about two seconds).
   * Older ones were checked before they were put aside, and `verifyLedger` checks them again.
   */
  checkedSegments: 32,

  /** The part of a segment after whose use the next one is zero-filled in the background, so a roll-over waits less. */
  prepareNextAfter: 0.5,

  /** The largest entry, as stored. A statement may be big; a length beyond this is refused rather than truncated. */
  maxEntryBytes: 64 * 1024 * 1024,

  /** Bytes that may wait for the disk. A disk that hangs must not eat the memory: appends are refused beyond this. */
  maxQueuedBytes: 128 * 1024 * 1024,

  /** How long after a write failure the ledger looks whether the disk works again, and how often. */
  retryMs: 1_000,

  /**
   * How often, at most, the head file is brought up to date. Cutting off entries younger than this cannot be told
   * from a crash; the head file costs a sync of its own, so it is not written with every batch.
   */
  headEveryMs: 1_000,

  /** How much is read from a segment at a time. */
  readBytes: 1024 * 1024,

  /** How long, at most, entries that need not be durable at once wait for company before they are written and synced. */
  soonMs: 10,

  /** How far, at most, tiles and checkpoint are behind what is durable. */
  integrateEveryMs: 250,

  /** After how many entries the integration into tiles lets others have a turn. */
  integrateBatch: 256,

  /** How often, at most, checkpoints are published beyond the ledger's folder: each costs others a request. */
  anchorEveryMs: 10_000,

  /** How long a witness or webhook may take to answer. */
  anchorTimeoutMs: 5_000,

  /** First size of the buffer that collects the entries of a batch; it grows as needed. */
  batchBytes: 64 * 1024,

  /** A batch buffer that grew beyond this is given back instead of kept for the next batch. */
  keepBatchBytes: 4 * 1024 * 1024,
} as const
