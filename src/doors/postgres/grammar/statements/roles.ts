import type { FactsBuilder } from '../facts.ts'
import { addSetting } from '../settings.ts'
import type { Trait } from '../traits.ts'
import { constantOf, isOn, list, nameOf, option, relationName, roleName, type Tree, text, tree } from '../tree.ts'
import type { Handlers } from './handler.ts'

/** Role options that give power, with what they are called in the tree. */
const powers: readonly [string, Trait][] = [
  ['superuser', 'superuser'],
  ['bypassrls', 'bypassrls'],
  ['createrole', 'createrole'],
  ['isreplication', 'replication'],
]

function addRoleOptions(options: unknown, facts: FactsBuilder): void {
  for (const [name, trait] of powers) if (isOn(option(options, name))) facts.trait(trait)
  const login = option(options, 'canlogin')
  if (login !== undefined) facts.trait(isOn(login) ? 'login' : 'nologin')
  if (option(options, 'password') !== undefined) facts.trait('password')
}

/** What a SET clause does, also inside ALTER ROLE, ALTER DATABASE and ALTER SYSTEM. */
export function addSetClause(node: Tree, facts: FactsBuilder): void {
  const kind = text(node.kind)
  const args = list(node.args)
  if (kind === 'VAR_RESET_ALL') {
    facts.settings.push({ name: 'all', value: null })
    return
  }
  if (kind === 'VAR_SET_MULTI') {
    // SET TRANSACTION and SET SESSION CHARACTERISTICS: isolation level, read only, deferrable.
    facts.settings.push({ name: text(node.name).toLowerCase(), value: null })
    return
  }
  const value = kind === 'VAR_SET_VALUE' ? args.map((arg) => constantOf(arg) ?? '').join(', ') : null
  addSetting(facts, text(node.name), value)
}

export const roles: Handlers = {
  CreateRoleStmt: (node, facts) => {
    facts.operation = 'CREATE ROLE'
    facts.effect('grant')
    facts.objects = 1
    facts.resource('role', text(node.role))
    addRoleOptions(node.options, facts)
    for (const name of ['addroleto', 'rolemembers', 'adminmembers']) {
      if (option(node.options, name) !== undefined) facts.trait('login')
    }
  },
  AlterRoleStmt: (node, facts) => {
    facts.operation = 'ALTER ROLE'
    facts.effect('grant')
    facts.objects = 1
    facts.resource('role', roleName(node.role))
    addRoleOptions(node.options, facts)
    if (facts.traits.has('nologin') || facts.traits.has('password')) facts.effect('disrupt')
  },
  AlterRoleSetStmt: (node, facts) => {
    facts.operation = 'ALTER ROLE'
    facts.effect('grant')
    facts.resource('role', roleName(node.role))
    addSetClause(tree(node.setstmt), facts)
    // It holds for sessions to come: not a setting of this one.
    facts.settings.length = 0
  },
  AlterDatabaseSetStmt: (node, facts) => {
    facts.operation = 'ALTER DATABASE'
    facts.effect('deploy')
    facts.resource('database', text(node.dbname))
    addSetClause(tree(node.setstmt), facts)
    facts.settings.length = 0
  },
  AlterSystemStmt: (node, facts) => {
    facts.operation = 'ALTER SYSTEM'
    facts.effect('conceal')
    addSetClause(tree(node.setstmt), facts)
    facts.settings.length = 0
  },
  GrantStmt: (node, facts) => {
    const grants = node.is_grant === true
    facts.operation = grants ? 'GRANT' : 'REVOKE'
    facts.effect(grants ? 'grant' : 'disrupt')
    facts.reversible = 'yes'
    facts.objects = list(node.objects).length
    for (const object of list(node.objects)) {
      const name = relationName(tree(tree(object).RangeVar)) || nameOf(object)
      facts.resource(text(node.objtype).replace('OBJECT_', '').toLowerCase(), name)
    }
    for (const grantee of list(node.grantees)) {
      if (tree(tree(grantee).RoleSpec).roletype === 'ROLESPEC_PUBLIC' && grants) facts.trait('grantee-public')
      facts.resource('role', roleName(grantee))
    }
    if (node.behavior === 'DROP_CASCADE') facts.trait('cascade')
    const whole = node.targtype === 'ACL_TARGET_ALL_IN_SCHEMA' || /_(DATABASE|SCHEMA)$/.test(text(node.objtype))
    if (!grants && whole) facts.trait('lock-out')
  },
  GrantRoleStmt: (node, facts) => {
    const grants = node.is_grant === true
    facts.operation = grants ? 'GRANT ROLE' : 'REVOKE ROLE'
    facts.effect(grants ? 'grant' : 'disrupt')
    facts.reversible = 'yes'
    for (const role of list(node.granted_roles)) facts.resource('role', text(tree(tree(role).AccessPriv).priv_name))
    for (const role of list(node.grantee_roles)) facts.resource('role', roleName(role))
  },
  AlterDefaultPrivilegesStmt: (node, facts) => {
    facts.operation = 'ALTER DEFAULT PRIVILEGES'
    facts.effect('grant')
    facts.trait('default-privileges')
    const grantees = JSON.stringify(node.action ?? {})
    if (grantees.includes('ROLESPEC_PUBLIC')) facts.trait('grantee-public')
  },
  VariableSetStmt: (node, facts) => {
    facts.operation = text(node.kind).includes('RESET') ? 'RESET' : 'SET'
    facts.reversible = 'yes'
    addSetClause(node, facts)
  },
}
