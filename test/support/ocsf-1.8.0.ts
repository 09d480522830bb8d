/**
 * The part of the OCSF schema, version 1.8.0, that Sallyport's events use, as a JSON Schema for the tests: names of
 * attributes, values of enums and what is required, taken down from https://schema.ocsf.io/1.8.0 (source:
 * https://github.com/ocsf/ocsf-schema, tag v1.8.0). An attribute that does not stand here is refused.
 */
const text = { type: 'string' } as const
const number = { type: 'integer' } as const
const free = { type: 'object' } as const
const list = (items: object) => ({ type: 'array', items })
const oneOf = (...values: number[]) => ({ enum: values })
const object = (required: readonly string[], properties: object, ...atLeastOne: string[]) => ({
  type: 'object',
  additionalProperties: false,
  required: [...required],
  properties,
  ...(atLeastOne.length === 0 ? {} : { anyOf: atLeastOne.map((name) => ({ required: [name] })) }),
})

const group = object([], { name: text, uid: text }, 'name', 'uid')
const user = object(
  [],
  { uid: text, name: text, type_id: oneOf(0, 1, 2, 3, 4, 99), type: text, groups: list(group), credential_uid: text },
  'account',
  'name',
  'uid',
)
const actor = object(
  [],
  { user, session: object([], { uid: text }), app_name: text, invoked_by: text },
  'process',
  'user',
  'invoked_by',
  'session',
  'app_name',
  'app_uid',
)
const endpoint = object([], { name: text, ip: text }, 'ip', 'uid', 'name', 'hostname', 'svc_name')
const database = object(
  ['type_id'],
  { name: text, type_id: oneOf(0, 1, 2, 3, 4, 5, 6, 7, 8, 99), type: text },
  'name',
  'uid',
)
const resource = object([], { uid: text, name: text, type: text }, 'name', 'uid')
const policy = object(
  [],
  { uid: text, name: text, version: text, is_applied: { type: 'boolean' } },
  'name',
  'type',
  'uid',
)

const base = {
  activity_id: number,
  activity_name: text,
  category_uid: number,
  category_name: text,
  class_uid: number,
  class_name: text,
  type_uid: number,
  type_name: text,
  time: number,
  message: text,
  severity_id: oneOf(0, 1, 2, 3, 4, 5, 6, 99),
  severity: text,
  status_id: oneOf(0, 1, 2, 99),
  status: text,
  status_code: text,
  status_detail: text,
  unmapped: free,
  metadata: object(['product', 'version'], {
    version: { const: '1.8.0' },
    product: object([], { name: text, vendor_name: text, version: text }, 'name', 'uid'),
    log_name: text,
    event_code: text,
    sequence: number,
    uid: text,
    original_time: text,
    correlation_uid: text,
    profiles: list({ const: 'security_control' }),
  }),
}

/** The profile security_control. */
const control = {
  action_id: oneOf(0, 1, 2, 3, 4, 99),
  action: text,
  disposition_id: oneOf(...Array.from({ length: 28 }, (_, i) => i), 99),
  disposition: text,
  is_alert: { type: 'boolean' },
  policy,
}

const required = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid']

function eventClass(
  uid: number,
  category: number,
  activities: readonly number[],
  needed: readonly string[],
  own: object,
) {
  const allowed = [0, ...activities, 99]
  return object([...required, ...needed], {
    ...base,
    ...control,
    class_uid: { const: uid },
    category_uid: { const: category },
    activity_id: oneOf(...allowed),
    type_uid: oneOf(...allowed.map((activity) => uid * 100 + activity)),
    ...own,
  })
}

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1)

export const ocsfSchema = {
  type: 'object',
  oneOf: [
    {
      ...eventClass(6005, 6, upTo(10), ['actor', 'src_endpoint'], {
        actor,
        src_endpoint: endpoint,
        dst_endpoint: endpoint,
        database,
        query_info: object(['query_string'], { name: text, query_string: text }),
        type_id: oneOf(0, 1, 2, 3, 99),
        type: text,
      }),
      anyOf: ['database', 'databucket', 'table'].map((name) => ({ required: [name] })),
    },
    eventClass(6003, 6, upTo(4), ['actor', 'api', 'src_endpoint'], {
      actor,
      api: object(['operation'], { operation: text }),
      src_endpoint: endpoint,
      resources: list(resource),
    }),
    eventClass(3001, 3, upTo(12), ['user'], { actor, user }),
    eventClass(2004, 2, upTo(3), ['finding_info'], {
      status_id: oneOf(0, 1, 2, 3, 4, 5, 6, 99),
      finding_info: object(['uid'], {
        uid: text,
        title: text,
        desc: text,
        created_time: number,
        analytic: object(['type_id'], {
          type_id: oneOf(...Array.from({ length: 12 }, (_, i) => i), 99),
          type: text,
          name: text,
          uid: text,
        }),
      }),
      evidences: list(object([], { actor, database, src_endpoint: endpoint }, 'actor', 'database', 'src_endpoint')),
      resources: list(resource),
    }),
  ],
}
