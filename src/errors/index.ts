/**
 * errors/: the one error class, and diagnostics that point at a place in a file.
 *
 * Every room may import this one; it imports none. An error says what happened, where, and what to do;
 * its `code` is stable and may be relied on by scripts.
 * @module
 */
export { type Diagnostic, type DiagnosticSource, formatDiagnostic, formatDiagnostics } from './diagnostic.ts'
export { didYouMean } from './did-you-mean.ts'
export { errorMessage, SallyportError, type SallyportErrorCode } from './sallyport-error.ts'
export { type Path, type QuotingHint, type Span, YamlSource } from './yaml-source.ts'
