/**
 * The one question asked of the catalog, as one statement: everything there is to know about the names of a statement.
 *
 * It runs on the client's own connection, so nothing in it may depend on the session's search path: a hostile schema
 * in front of pg_catalog must not be able to answer in its place. Every function, type and table is qualified, and
 * so, after `qualified`, is every operator.
 *
 * Nor may it wait for a lock that the client's statement would not wait for: sizes are those of the statistics, since
 * pg_relation_size opens the table.
 *
 * Objects with an oid below 16384 are PostgreSQL's own (FirstNormalObjectId in the PostgreSQL source, transam.h).
 * Catalogs are named by their fixed oids: pg_type 1247, pg_proc 1255, pg_class 1259, pg_attrdef 2604,
 * pg_constraint 2606, pg_operator 2617, pg_rewrite 2618, pg_policy 3256.
 *
 * $1 asks: a JSON array of {k, s, n, i}: k is r (relation), f (function), o (operator), t (type) by schema s (null: by
 * search path) and name n; R (relation) and F (function) by oid i. $2 is a search path as text[], null for the session's.
 */
const query = `
WITH RECURSIVE asked AS MATERIALIZED (
  SELECT a.k, a.s, a.n, a.i
  FROM pg_catalog.json_to_recordset($1::pg_catalog.json) AS a(k pg_catalog.text, s pg_catalog.text, n pg_catalog.text, i pg_catalog.oid)
), path AS MATERIALIZED (
  SELECT ns.oid, p.o
  FROM pg_catalog.unnest(COALESCE($2::pg_catalog.text[], pg_catalog.current_schemas(true)::pg_catalog.text[])) WITH ORDINALITY AS p(n, o)
  JOIN pg_catalog.pg_namespace ns ON ns.nspname = p.n
), looked AS MATERIALIZED (
  SELECT a.k, a.s, a.n, a.i, p.oid AS ns, p.o FROM asked a JOIN path p ON a.s IS NULL AND a.i IS NULL
  UNION ALL
  SELECT a.k, a.s, a.n, a.i, ns.oid, 0 FROM asked a JOIN pg_catalog.pg_namespace ns
    ON ns.nspname = a.s OR (a.s = 'pg_temp' AND ns.oid = pg_catalog.pg_my_temp_schema())
), rel AS MATERIALIZED (
  SELECT DISTINCT ON (l.k, l.s, l.n) l.k, l.s, l.n, NULL::pg_catalog.oid AS i, c.oid
  FROM looked l JOIN pg_catalog.pg_class c ON c.relname = l.n AND c.relnamespace = l.ns WHERE l.k = 'r'
  ORDER BY l.k, l.s, l.n, l.o
), allrel AS MATERIALIZED (
  SELECT r.k, r.s, r.n, r.i, r.oid FROM rel r
  UNION ALL SELECT a.k, a.s, a.n, a.i, a.i FROM asked a WHERE a.k = 'R'
), fk(root, con, child, parent, depth) AS (
  SELECT r.oid, con.oid, con.conrelid, con.confrelid, 1
  FROM allrel r JOIN pg_catalog.pg_constraint con ON con.confrelid = r.oid AND con.contype = 'f' AND con.conparentid = 0::pg_catalog.oid
  UNION
  SELECT fk.root, con.oid, con.conrelid, con.confrelid, fk.depth + 1
  FROM fk JOIN pg_catalog.pg_constraint con ON con.confrelid = fk.child AND con.contype = 'f' AND con.conparentid = 0::pg_catalog.oid
  WHERE fk.depth < 8 AND fk.child <> fk.parent
), wanted(oid) AS MATERIALIZED (
  SELECT t.oid FROM looked l JOIN pg_catalog.pg_type t ON t.typname = l.n AND t.typnamespace = l.ns AND t.oid > 16383::pg_catalog.oid WHERE l.k = 't'
  UNION
  SELECT att.atttypid FROM allrel r JOIN pg_catalog.pg_attribute att ON att.attrelid = r.oid AND att.attnum > 0 AND att.atttypid > 16383::pg_catalog.oid
), chain(top, oid) AS (
  SELECT w.oid, w.oid FROM wanted w
  UNION
  SELECT c.top, x.oid FROM chain c JOIN pg_catalog.pg_type t ON t.oid = c.oid
  CROSS JOIN LATERAL (
    SELECT t.typbasetype AS oid UNION ALL SELECT t.typelem
    UNION ALL SELECT att.atttypid FROM pg_catalog.pg_attribute att WHERE att.attrelid = t.typrelid AND t.typrelid <> 0::pg_catalog.oid AND att.attnum > 0
  ) x
  WHERE x.oid > 16383::pg_catalog.oid
), typecode AS MATERIALIZED (
  SELECT DISTINCT c.top, d.refclassid, d.refobjid
  FROM chain c
  JOIN pg_catalog.pg_constraint con ON con.contypid = c.oid
  JOIN pg_catalog.pg_depend d ON d.classid = 2606::pg_catalog.oid AND d.objid = con.oid
  UNION
  SELECT c.top, 1255::pg_catalog.oid, cast_.castfunc
  FROM chain c JOIN pg_catalog.pg_cast cast_ ON (cast_.castsource = c.oid OR cast_.casttarget = c.oid) AND cast_.castfunc > 16383::pg_catalog.oid
  UNION
  SELECT c.top, 1255::pg_catalog.oid, t.typinput
  FROM chain c JOIN pg_catalog.pg_type t ON t.oid = c.oid AND t.typinput > 16383::pg_catalog.oid
), relcode AS MATERIALIZED (
  SELECT r.oid, x.use, x.classid, x.objid
  FROM allrel r CROSS JOIN LATERAL (
    SELECT 'w' AS use, 2604::pg_catalog.oid AS classid, ad.oid AS objid FROM pg_catalog.pg_attrdef ad WHERE ad.adrelid = r.oid
    UNION ALL SELECT 'w', 2606::pg_catalog.oid, con.oid FROM pg_catalog.pg_constraint con WHERE con.conrelid = r.oid AND con.contype = 'c'
    UNION ALL SELECT 'w', 1259::pg_catalog.oid, ix.indexrelid FROM pg_catalog.pg_index ix WHERE ix.indrelid = r.oid AND (ix.indexprs IS NOT NULL OR ix.indpred IS NOT NULL)
    UNION ALL SELECT 'a', 3256::pg_catalog.oid, pol.oid FROM pg_catalog.pg_policy pol WHERE pol.polrelid = r.oid
    UNION ALL SELECT 'a', 2618::pg_catalog.oid, rw.oid FROM pg_catalog.pg_rewrite rw WHERE rw.ev_class = r.oid AND rw.rulename = '_RETURN'
  ) x
), reldeps AS MATERIALIZED (
  SELECT DISTINCT rc.oid, rc.use, d.refclassid, d.refobjid
  FROM relcode rc JOIN pg_catalog.pg_depend d ON d.classid = rc.classid AND d.objid = rc.objid AND d.refobjid <> rc.oid
  WHERE d.refclassid = ANY (ARRAY[1247, 1255, 1259, 2617]::pg_catalog.oid[]) AND d.refobjid > 16383::pg_catalog.oid
  UNION
  SELECT r.oid, 'w', tc.refclassid, tc.refobjid
  FROM allrel r JOIN pg_catalog.pg_attribute att ON att.attrelid = r.oid AND att.attnum > 0
  JOIN typecode tc ON tc.top = att.atttypid
), fun AS MATERIALIZED (
  SELECT l.k, l.s, l.n, l.i, p.oid FROM looked l
  JOIN pg_catalog.pg_proc p ON p.proname = l.n AND p.pronamespace = l.ns AND p.oid > 16383::pg_catalog.oid WHERE l.k = 'f'
  UNION
  SELECT a.k, a.s, a.n, a.i, a.i FROM asked a WHERE a.k = 'F'
)
SELECT pg_catalog.json_build_object(
  'path', pg_catalog.current_schemas(true),
  'relations', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'k', r.k, 's', r.s, 'n', r.n, 'i', r.i, 'oid', c.oid::pg_catalog.int8,
    'schema', ns.nspname, 'name', c.relname, 'kind', c.relkind, 'persistence', c.relpersistence,
    'rows', c.reltuples, 'live', pg_catalog.pg_stat_get_live_tuples(c.oid),
    'columns', (SELECT pg_catalog.json_agg(att.attname) FROM pg_catalog.pg_attribute att WHERE att.attrelid = c.oid AND att.attnum > 0 AND NOT att.attisdropped),
    'keys', (SELECT pg_catalog.json_agg((
        SELECT pg_catalog.json_agg(att.attname) FROM pg_catalog.pg_attribute att
        WHERE att.attrelid = c.oid AND att.attnum = ANY (ix.indkey::pg_catalog.int2[])) ORDER BY ix.indisprimary DESC, ix.indexrelid)
      FROM pg_catalog.pg_index ix WHERE ix.indrelid = c.oid AND ix.indisunique AND ix.indisvalid AND ix.indexprs IS NULL AND ix.indpred IS NULL),
    'triggers', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('type', tg.tgtype, 'function', tg.tgfoid::pg_catalog.int8))
      FROM pg_catalog.pg_trigger tg WHERE tg.tgrelid = c.oid AND NOT tg.tgisinternal AND tg.tgenabled <> 'D'),
    'rules', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('event', rw.ev_type, 'instead', rw.is_instead, 'definition', pg_catalog.pg_get_ruledef(rw.oid)))
      FROM pg_catalog.pg_rewrite rw WHERE rw.ev_class = c.oid AND rw.rulename <> '_RETURN' AND rw.ev_enabled <> 'D'),
    'partitions', (SELECT pg_catalog.json_agg(DISTINCT tg.tgrelid::pg_catalog.int8) FROM pg_catalog.pg_trigger tg
      WHERE NOT tg.tgisinternal AND tg.tgparentid = 0::pg_catalog.oid AND tg.tgrelid = ANY (ARRAY(
        SELECT inh.inhrelid FROM pg_catalog.pg_inherits inh WHERE inh.inhparent = c.oid
        UNION ALL SELECT below.inhrelid FROM pg_catalog.pg_inherits inh JOIN pg_catalog.pg_inherits below ON below.inhparent = inh.inhrelid WHERE inh.inhparent = c.oid))),
    'code', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('use', d.use, 'class', d.refclassid::pg_catalog.int8, 'oid', COALESCE(op.oprcode::pg_catalog.oid, d.refobjid)::pg_catalog.int8))
      FROM reldeps d LEFT JOIN pg_catalog.pg_operator op ON d.refclassid = 2617::pg_catalog.oid AND op.oid = d.refobjid
      WHERE d.oid = c.oid AND d.refclassid <> 1247::pg_catalog.oid),
    'cascades', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
        'child', fk.child::pg_catalog.int8, 'parent', fk.parent::pg_catalog.int8,
        'table', pg_catalog.format('%I.%I', cns.nspname, cc.relname), 'parentTable', pg_catalog.format('%I.%I', pns.nspname, pc.relname),
        'rows', cc.reltuples, 'parentRows', pc.reltuples, 'live', pg_catalog.pg_stat_get_live_tuples(cc.oid),
        'onDelete', con.confdeltype, 'onUpdate', con.confupdtype,
        'columns', (SELECT pg_catalog.json_agg(att.attname ORDER BY k.o) FROM pg_catalog.unnest(con.conkey) WITH ORDINALITY AS k(n, o)
          JOIN pg_catalog.pg_attribute att ON att.attrelid = fk.child AND att.attnum = k.n),
        'keys', (SELECT pg_catalog.json_agg(att.attname ORDER BY k.o) FROM pg_catalog.unnest(con.confkey) WITH ORDINALITY AS k(n, o)
          JOIN pg_catalog.pg_attribute att ON att.attrelid = fk.parent AND att.attnum = k.n)))
      FROM (SELECT f.con, f.child, f.parent FROM fk f WHERE f.root = c.oid GROUP BY f.con, f.child, f.parent ORDER BY pg_catalog.min(f.depth) LIMIT 200) fk
      JOIN pg_catalog.pg_constraint con ON con.oid = fk.con
      JOIN pg_catalog.pg_class cc ON cc.oid = fk.child JOIN pg_catalog.pg_namespace cns ON cns.oid = cc.relnamespace
      JOIN pg_catalog.pg_class pc ON pc.oid = fk.parent JOIN pg_catalog.pg_namespace pns ON pns.oid = pc.relnamespace)))
    FROM allrel r JOIN pg_catalog.pg_class c ON c.oid = r.oid JOIN pg_catalog.pg_namespace ns ON ns.oid = c.relnamespace),
  'functions', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
    'k', f.k, 's', f.s, 'n', f.n, 'i', f.i::pg_catalog.int8, 'oid', p.oid::pg_catalog.int8, 'schema', ns.nspname, 'name', p.proname,
    'language', lang.lanname, 'volatility', p.provolatile, 'definer', p.prosecdef, 'settings', p.proconfig, 'kind', p.prokind,
    'extension', (SELECT ext.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension ext ON ext.oid = d.refobjid
      WHERE d.classid = 1255::pg_catalog.oid AND d.objid = p.oid AND d.deptype = 'e' LIMIT 1),
    'parameters', CASE WHEN p.prokind = 'f' OR p.prokind = 'p' THEN pg_catalog.pg_get_function_arguments(p.oid) END,
    'returns', CASE WHEN p.prokind = 'f' THEN pg_catalog.pg_get_function_result(p.oid) END,
    'body', COALESCE(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc),
    'uses', (SELECT pg_catalog.json_agg(d.refobjid::pg_catalog.int8) FROM pg_catalog.pg_depend d
      WHERE d.classid = 1255::pg_catalog.oid AND d.objid = p.oid AND d.refclassid = 1255::pg_catalog.oid AND d.refobjid > 16383::pg_catalog.oid),
    'parts', (SELECT pg_catalog.json_build_array(ag.aggtransfn::pg_catalog.oid::pg_catalog.int8, ag.aggfinalfn::pg_catalog.oid::pg_catalog.int8,
        ag.aggcombinefn::pg_catalog.oid::pg_catalog.int8, ag.aggmtransfn::pg_catalog.oid::pg_catalog.int8, ag.aggmfinalfn::pg_catalog.oid::pg_catalog.int8)
      FROM pg_catalog.pg_aggregate ag WHERE ag.aggfnoid::pg_catalog.oid = p.oid)))
    FROM fun f JOIN pg_catalog.pg_proc p ON p.oid = f.oid JOIN pg_catalog.pg_namespace ns ON ns.oid = p.pronamespace
    JOIN pg_catalog.pg_language lang ON lang.oid = p.prolang),
  'operators', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('s', l.s, 'n', l.n,
      'functions', pg_catalog.json_build_array(op.oprcode::pg_catalog.oid::pg_catalog.int8, op.oprrest::pg_catalog.oid::pg_catalog.int8, op.oprjoin::pg_catalog.oid::pg_catalog.int8)))
    FROM looked l JOIN pg_catalog.pg_operator op ON op.oprname = l.n AND op.oprnamespace = l.ns AND op.oid > 16383::pg_catalog.oid WHERE l.k = 'o'),
  'types', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('s', l.s, 'n', l.n,
      'functions', (SELECT pg_catalog.json_agg(COALESCE(op.oprcode::pg_catalog.oid, tc.refobjid)::pg_catalog.int8)
        FROM typecode tc LEFT JOIN pg_catalog.pg_operator op ON tc.refclassid = 2617::pg_catalog.oid AND op.oid = tc.refobjid
        WHERE tc.top = t.oid AND tc.refclassid = ANY (ARRAY[1255, 2617]::pg_catalog.oid[]))))
    FROM looked l JOIN pg_catalog.pg_type t ON t.typname = l.n AND t.typnamespace = l.ns AND t.oid > 16383::pg_catalog.oid WHERE l.k = 't')
)`

/** The question with every operator named in pg_catalog. */
export const catalogQuery = query
  .replaceAll(/ (=|<>|>|<|\+) /g, ' OPERATOR(pg_catalog.$1) ')
  .replaceAll(/\s+/g, ' ')
  .trim()

const counted = [1247, 1249, 1255, 1259, 2604, 2605, 2606, 2610, 2611, 2615, 2617, 2618, 2620, 3256]

/**
 * Where the session looks names up, and a mark that changes when anybody changes the catalog: how many rows of its
 * tables were ever inserted, updated and deleted, which the server keeps in shared memory. Other sessions report
 * theirs within seconds of their commit.
 */
export const pulseQuery = `SELECT pg_catalog.json_build_object('path', pg_catalog.current_schemas(true), 'mark', pg_catalog.concat_ws(',', ${counted
  .flatMap((oid) =>
    ['inserted', 'updated', 'deleted'].map((what) => `pg_catalog.pg_stat_get_tuples_${what}(${oid}::pg_catalog.oid)`),
  )
  .join(', ')}))`
