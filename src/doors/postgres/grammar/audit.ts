/** Names by which tables of what happened go: audit, audits, audit_log, audit_2024, login_audit, auditlog, audit_trail. */
const auditName = /(^|[._])audit(s|logs?|trails?)?(_|$)/i

export function isAuditName(name: string): boolean {
  return auditName.test(name)
}
