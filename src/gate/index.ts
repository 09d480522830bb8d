/**
 * gate/: the one path every action goes.
 * @module
 */
export type { Decision, Gate, Refusal, Unit } from './gate.ts'
