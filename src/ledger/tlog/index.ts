/**
 * ledger/tlog: the public face of the ledger, a transparency log as C2SP specifies it (tlog-tiles, tlog-checkpoint,
 * signed-note; hashing by RFC 6962), made in the background from what is durable. Pure modules: merkle, proof, tile,
 * tile-tree, note, checkpoint, proof-file, add-checkpoint. On the disk: tile-files, transparency-log, signing-key, range-hash. Beyond the
 * folder: anchors, kept-checkpoint, witness (with -client and -server).
 * @module
 */
export type { AnchorState } from './anchor-state.ts'
export { Anchors } from './anchors.ts'
export { type Checkpoint, checkpointText, parseCheckpoint } from './checkpoint.ts'
export { readKept } from './kept-checkpoint.ts'
export { isSignedBy, type NoteVerifier, parseNote, parseVerifierKey } from './note.ts'
export { type EntryProof, encodeProof, parseProof, verifyProof } from './proof-file.ts'
export { proveEntry } from './prove.ts'
export { readSigningKey, signingKey } from './signing-key.ts'
export { TransparencyLog } from './transparency-log.ts'
export { type RunningWitness, startWitness } from './witness-server.ts'
