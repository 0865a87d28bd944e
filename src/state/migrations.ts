import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Migrations } from "../platform/SqliteClient.ts"

const statements = (all: ReadonlyArray<string>) =>
  SqlClient.SqlClient.use((sql) => Effect.forEach(all, (text) => sql.unsafe(text), { discard: true }))

/** Paths are BLOBs: names are bytes. Times are milliseconds since the epoch. */
export const migrations: Migrations = {
  "0001_main_loop": statements([
    `CREATE TABLE items (
       id INTEGER PRIMARY KEY,
       path BLOB NOT NULL UNIQUE,
       kind TEXT NOT NULL,
       category TEXT,
       remote TEXT NOT NULL,
       state TEXT NOT NULL,
       reason TEXT,
       error_class TEXT,
       attempts INTEGER NOT NULL DEFAULT 0,
       extraction TEXT NOT NULL DEFAULT 'none',
       extraction_reason TEXT,
       digest TEXT,
       hashes TEXT NOT NULL DEFAULT '',
       stamp TEXT,
       discovered_at INTEGER NOT NULL,
       uploaded_at INTEGER,
       released_at INTEGER,
       quarantine_path BLOB,
       quarantine_until INTEGER
     ) STRICT`,
    `CREATE TABLE files (
       item_id INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
       path BLOB NOT NULL,
       origin TEXT NOT NULL,
       size INTEGER NOT NULL,
       fence TEXT NOT NULL,
       sha1 TEXT,
       hash TEXT,
       remote TEXT NOT NULL,
       state TEXT NOT NULL,
       proof TEXT,
       verified_at INTEGER,
       PRIMARY KEY (item_id, origin, path)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX files_remote ON files (remote)`,
    `CREATE TABLE torrents (
       hash TEXT PRIMARY KEY,
       name TEXT NOT NULL,
       category TEXT NOT NULL,
       content_path BLOB NOT NULL,
       trackers TEXT NOT NULL DEFAULT '[]',
       ratio REAL,
       seeding_seconds INTEGER NOT NULL,
       first_seen INTEGER NOT NULL,
       last_seen INTEGER NOT NULL,
       gone_at INTEGER,
       removed_by_us INTEGER NOT NULL DEFAULT 0,
       exported TEXT
     ) STRICT`,
    `CREATE TABLE runs (
       id INTEGER PRIMARY KEY,
       command TEXT NOT NULL,
       begun_at INTEGER NOT NULL,
       ended_at INTEGER,
       outcome TEXT,
       summary TEXT
     ) STRICT`,
    `CREATE TABLE journal (
       id INTEGER PRIMARY KEY,
       run_id INTEGER REFERENCES runs (id),
       step TEXT NOT NULL,
       subject BLOB NOT NULL,
       detail TEXT,
       begun_at INTEGER NOT NULL,
       ended_at INTEGER,
       outcome TEXT
     ) STRICT`,
    `CREATE INDEX journal_open ON journal (step, ended_at)`,
    `CREATE TABLE observations (
       key TEXT PRIMARY KEY,
       value TEXT NOT NULL,
       at INTEGER NOT NULL
     ) STRICT`
  ])
}
