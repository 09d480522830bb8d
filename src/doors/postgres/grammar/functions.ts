import type { Effect } from '../../../action/index.ts'
import { operators, stableFunctions, types, volatileFunctions } from './builtins.generated.ts'
import type { FactsBuilder } from './facts.ts'
import { addSetting } from './settings.ts'
import type { Trait } from './traits.ts'
import { constantOf, list, nameOf, namePartsOf, type Tree } from './tree.ts'

const stable = new Set(stableFunctions.split(' '))
const volatile = new Set(volatileFunctions.split(' '))
const builtinOperators = new Set(operators.split(' '))
const builtinTypes = new Set(types.split(' '))

/** PostgreSQL's own volatile functions that change nothing but the session or a sequence. */
const harmless =
  /^(clock_timestamp|timeofday|current_query|random|random_normal|setseed|array_sample|array_shuffle|gen_random_uuid|uuidv[47]|bernoulli|system|currval|lastval|nextval|setval|currtid2|txid_status|pg_xact_status|pg_(database|indexes|relation|table|tablespace|total_relation)_size|pg_is_in_recovery|pg_(try_)?advisory_(un)?lock.*|pg_(try_)?advisory_xact_lock.*|pg_advisory_unlock_all|pg_notify|pg_notification_queue_usage|pg_blocking_pids|pg_safe_snapshot_blocking_pids|pg_lock_status|pg_partition_(ancestors|tree)|pg_sequence_last_value|pg_get_sequence_data|pg_jit_available|pg_collation_actual_version|pg_database_collation_actual_version|pg_current_wal_.*|pg_last_.*|pg_stat_get_.*|pg_stat_have_stats|pg_stat_clear_snapshot|pg_stat_force_next_flush|pg_export_snapshot|pg_control_.*|pg_prepared_xact|pg_isolation_test_session_is_blocked|pg_get_(wait_events|multixact_members|wal_replay_pause_state|wal_resource_managers|wal_summarizer_state|aios)|pg_show_replication_origin_status|pg_nextoid|suppress_redundant_updates_trigger|tsvector_update_trigger.*|unique_key_recheck|RI_FKey_.*|.*_wal_replay_paused|pg_xact_commit_timestamp.*|pg_available_wal_summaries)$/

/** Seconds a statement may sleep before it counts as keeping others waiting. */
const longestSleep = 60

/** Aggregates that carry the content of every row they see. */
const collecting = /^(json|jsonb)_(object_)?agg(_strict|_unique)?|^(string|array|xml|range)_agg|^xmlagg$/

interface Danger {
  readonly names: RegExp
  readonly effects: readonly Effect[]
  readonly traits?: readonly Trait[]
}

/** What PostgreSQL's own (and widely used extensions') functions do beyond computing. The first match counts. */
const dangers: readonly Danger[] = [
  { names: /^(query|cursor)_to_xml/, effects: ['execute'], traits: ['dynamic-sql'] },
  { names: /^(table|schema|database)_to_xml/, effects: ['read', 'export'] },
  { names: /^(ts_stat|ts_rewrite)$/, effects: ['execute'], traits: ['dynamic-sql'] },
  {
    names:
      /^pg_(read_(binary_)?file.*|ls_.*|stat_file|hba_file_rules|ident_file_mappings|show_all_file_settings|current_logfile|wal_summary_contents)$/,
    effects: ['read', 'export', 'execute'],
    traits: ['server-file'],
  },
  { names: /^lo_(import|export)$/, effects: ['export', 'execute'], traits: ['server-file'] },
  { names: /^lo_unlink$/, effects: ['delete'], traits: ['large-object'] },
  { names: /^(lo_(creat|create|from_bytea|put|truncate|truncate64)|lowrite)$/, effects: ['write'] },
  { names: /^(lo_.*|loread)$/, effects: ['read'] },
  { names: /^pg_(terminate|cancel)_backend$/, effects: ['disrupt'] },
  {
    names:
      /^pg_(reload_conf|rotate_logfile.*|stat_reset.*|(clear|restore)_(attribute|relation)_stats|switch_wal|create_restore_point|log_standby_snapshot|logical_emit_message|import_system_collations|log_backend_memory_contexts)$/,
    effects: ['conceal'],
  },
  {
    names:
      /^pg_(drop_replication_slot|replication_.*|sync_replication_slots|promote|wal_replay_(pause|resume)|backup_(start|stop)|start_backup|stop_backup)$/,
    effects: ['conceal', 'disrupt'],
  },
  {
    names: /^pg_(create|copy)_(logical|physical)_replication_slot$|^pg_logical_slot_/,
    effects: ['export'],
    traits: ['replication'],
  },
  { names: /^pg_get_(backend_memory_contexts|loaded_modules|shmem_allocations.*)$/, effects: ['read'] },
  { names: /^(brin_|gin_clean_pending_list|amvalidate)/, effects: ['write'] },
  { names: /^dblink/, effects: ['execute', 'export'], traits: ['dynamic-sql'] },
  { names: /^(cron\.|pgagent\.|pg_background_|pgtle\.)/, effects: ['execute'], traits: ['dynamic-sql'] },
]

/** A name without the schema of PostgreSQL's own functions; undefined if another schema is named. */
function withoutSystemSchema(name: string): string | undefined {
  if (!name.includes('.')) return name
  const own = /^(pg_catalog|information_schema)\.(.*)$/.exec(name)
  return own?.[2]
}

/** Adds what a function call does. */
export function addFunctionCall(facts: FactsBuilder, call: Tree): void {
  const name = nameOf(call.funcname)
  facts.names.function(namePartsOf(call.funcname))
  const bare = withoutSystemSchema(name)
  const args = list(call.args)
  if (bare === 'set_config') {
    const setting = constantOf(args[0])
    // A name made at run time may be any setting.
    if (setting === undefined) facts.effect('conceal', 'execute')
    else addSetting(facts, setting, constantOf(args[1]) ?? null)
    return
  }
  if (bare !== undefined && collecting.test(bare)) facts.names.collects = true
  if (bare === 'generate_series') facts.names.multiplies = true
  if (bare === 'pg_sleep' || bare === 'pg_sleep_for' || bare === 'pg_sleep_until') {
    facts.literal = true
    // A connection, its snapshot and its locks are kept for as long as it sleeps.
    const seconds = bare === 'pg_sleep' ? Number(constantOf(args[0]) ?? Number.NaN) : Number.NaN
    facts.effect('read')
    if (!(seconds <= longestSleep)) facts.effect('disrupt')
    return
  }
  const danger = dangers.find(({ names }) => names.test(bare ?? name))
  if (danger !== undefined) {
    facts.effect(...danger.effects)
    facts.trait(...(danger.traits ?? []))
    facts.resource('function', name)
    return
  }
  if (bare !== undefined && (stable.has(bare) || (volatile.has(bare) && harmless.test(bare)))) {
    if (bare === 'nextval' || bare === 'setval') facts.effect('write')
    return
  }
  if (bare !== undefined && name.startsWith('information_schema.')) return
  facts.opaqueNames.add(name)
  facts.trait('function-call')
  facts.functions.add(name)
  facts.resource('function', name)
}

/** Adds what an operator does: one that is not PostgreSQL's own runs a function nobody has read. */
export function addOperator(facts: FactsBuilder, operator: unknown): void {
  const name = nameOf(operator)
  const bare = withoutSystemSchema(name)
  if (name === '') return
  facts.names.operator(namePartsOf(operator))
  if (bare !== undefined && builtinOperators.has(bare)) return
  facts.opaqueNames.add(name)
  facts.trait('user-operator')
}

/** Adds what naming a type does: a domain or a type of somebody's own may run functions on every value. */
export function addType(facts: FactsBuilder, typeName: Tree): void {
  facts.names.type(namePartsOf(typeName.names))
  const bare = withoutSystemSchema(nameOf(typeName.names))
  if (bare !== undefined && builtinTypes.has(bare)) return
  facts.trait('user-type')
}
