/** The sally port: a gate within a gate. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#20407a" />
      <path d="M7 26V14a9 9 0 0 1 18 0v12" fill="none" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
      <path d="M13 26V16.5a3 3 0 0 1 6 0V26" fill="none" stroke="#9db9ef" strokeWidth="3" strokeLinecap="round" />
    </svg>
  )
}
