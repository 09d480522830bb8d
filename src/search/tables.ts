/** Raised with every change of the tables or of what stands in them: an index of another version is built anew. */
export const schemaVersion = 1

/**
 * `idx` is everywhere the place of the action's request on the ledger. What is rarely the same is found by `tags`;
 * what nearly every action has (the verdict allow, the outcome completed, its door) is looked at in `actions`.
 */
export const tables = `
  CREATE TABLE position (next INTEGER NOT NULL, hash TEXT NOT NULL);
  INSERT INTO position VALUES (0, '');
  CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE actions (
    idx INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, door TEXT NOT NULL,
    effects TEXT NOT NULL, actor TEXT NOT NULL, operation TEXT NOT NULL,
    verdict TEXT, rule TEXT, outcome TEXT, hold TEXT, row_count INTEGER, ended INTEGER, ended_at INTEGER
  );
  CREATE INDEX open_actions ON actions (idx) WHERE outcome IS NULL;
  CREATE TABLE details (
    idx INTEGER PRIMARY KEY, action TEXT NOT NULL, cut INTEGER NOT NULL, reason TEXT NOT NULL, rule_set TEXT, message TEXT
  );
  CREATE TABLE tags (tag INTEGER NOT NULL, idx INTEGER NOT NULL, PRIMARY KEY (tag, idx)) WITHOUT ROWID;
  CREATE TABLE further (idx INTEGER NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (idx, entry)) WITHOUT ROWID;
  CREATE TABLE of_hold (hold TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (hold, entry)) WITHOUT ROWID;
  CREATE TABLE minutes (minute INTEGER PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL);
  CREATE TABLE counts (
    dimension TEXT NOT NULL, minute INTEGER NOT NULL, name INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (dimension, minute, name)
  ) WITHOUT ROWID;
  CREATE VIRTUAL TABLE words USING fts5 (text, content='', tokenize='unicode61 remove_diacritics 2');
`

export const minuteMs = 60_000

export const minuteOf = (ms: number): number => Math.floor(ms / minuteMs)

/** Which tags an action carries from the start, beside those of its verdict. */
export type Tag = 'actor' | 'effect' | 'operation' | 'resource' | 'session' | 'rule' | 'verdict' | 'outcome' | 'hold'

export const tagName = (tag: Tag, value: string): string => `${tag}:${value}`
