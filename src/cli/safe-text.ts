/** Whatever somebody else wrote is printed through these. */
export { safeLines, safeText } from '../action/index.ts'
