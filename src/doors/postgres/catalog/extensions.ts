/**
 * Extensions whose functions compute and do nothing else: their C code reads its arguments, not other tables, files or
 * programs. Those of any other extension, or written in C by somebody, are code that nobody can see into.
 * tablefunc and dblink run SQL given as text; pageinspect, adminpack and file_fdw read files: they are not among these.
 */
const computing = new Set([
  'address_standardizer',
  'bloom',
  'btree_gin',
  'btree_gist',
  'citext',
  'cube',
  'dict_int',
  'dict_xsyn',
  'earthdistance',
  'fuzzystrmatch',
  'hll',
  'hstore',
  'intarray',
  'ip4r',
  'isn',
  'lo',
  'ltree',
  'pg_hashids',
  'pg_trgm',
  'pg_uuidv7',
  'pgcrypto',
  'postgis',
  'postgis_raster',
  'postgis_topology',
  'prefix',
  'seg',
  'semver',
  'tcn',
  'tsm_system_rows',
  'tsm_system_time',
  'unaccent',
  'uuid-ossp',
  'vector',
  'xml2',
])

export function computesOnly(extension: string | null): boolean {
  return extension !== null && computing.has(extension)
}
