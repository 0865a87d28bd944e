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
  ]),
  /**
   * The hash cache. Numbers of inodes are 64 bits (signed here), times nanoseconds since the epoch but for `hashed_at`.
   * A directory's `stamp` is a digest of all that its listing said: where it is the same, no row below was touched.
   */
  "0002_hash_cache": statements([
    `CREATE TABLE cache_filesystems (
       id INTEGER PRIMARY KEY,
       fsid TEXT NOT NULL UNIQUE
     ) STRICT`,
    `CREATE TABLE cache_roots (
       id INTEGER PRIMARY KEY,
       path BLOB NOT NULL UNIQUE,
       fs INTEGER NOT NULL REFERENCES cache_filesystems (id),
       ino INTEGER NOT NULL,
       files INTEGER NOT NULL DEFAULT 0,
       bytes INTEGER NOT NULL DEFAULT 0,
       generation INTEGER NOT NULL DEFAULT 0,
       looked_at INTEGER,
       complete_at INTEGER,
       settled INTEGER NOT NULL DEFAULT 0
     ) STRICT`,
    `CREATE TABLE cache_directories (
       fs INTEGER NOT NULL,
       ino INTEGER NOT NULL,
       birth INTEGER NOT NULL,
       parent INTEGER,
       name BLOB NOT NULL,
       others INTEGER NOT NULL DEFAULT 0,
       generation INTEGER NOT NULL DEFAULT 0,
       stamp BLOB,
       PRIMARY KEY (fs, ino)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX cache_directories_parent ON cache_directories (fs, parent, name)`,
    `CREATE TABLE cache_entries (
       fs INTEGER NOT NULL,
       parent INTEGER NOT NULL,
       name BLOB NOT NULL,
       ino INTEGER NOT NULL,
       PRIMARY KEY (fs, parent, name)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX cache_entries_ino ON cache_entries (fs, ino)`,
    `CREATE TABLE cache_inodes (
       fs INTEGER NOT NULL,
       ino INTEGER NOT NULL,
       birth INTEGER NOT NULL,
       size INTEGER NOT NULL,
       mtime INTEGER NOT NULL,
       ctime INTEGER NOT NULL,
       nlink INTEGER NOT NULL,
       root INTEGER NOT NULL,
       content BLOB,
       content_ctime INTEGER,
       hashed_at INTEGER,
       algorithm INTEGER,
       PRIMARY KEY (fs, ino)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX cache_inodes_size ON cache_inodes (size, root)`,
    `CREATE INDEX cache_inodes_content ON cache_inodes (content) WHERE content IS NOT NULL`,
    `CREATE TABLE cache_orphans (
       fs INTEGER NOT NULL,
       ino INTEGER NOT NULL,
       PRIMARY KEY (fs, ino)
     ) STRICT, WITHOUT ROWID`
  ]),
  "0003_relocation": statements([
    `CREATE TABLE sagas (
       id INTEGER PRIMARY KEY,
       kind TEXT NOT NULL,
       subject TEXT NOT NULL,
       state TEXT NOT NULL,
       reached TEXT NOT NULL,
       reason TEXT,
       verdict TEXT,
       began_at INTEGER NOT NULL,
       changed_at INTEGER NOT NULL,
       quarantine_until INTEGER,
       promised INTEGER NOT NULL DEFAULT 0,
       from_fsid TEXT NOT NULL,
       to_fsid TEXT NOT NULL
     ) STRICT`,
    `CREATE INDEX sagas_state ON sagas (state)`,
    `CREATE TABLE saga_leases (
       key TEXT PRIMARY KEY,
       saga_id INTEGER NOT NULL REFERENCES sagas (id)
     ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE saga_torrents (
       saga_id INTEGER NOT NULL REFERENCES sagas (id),
       hash TEXT NOT NULL,
       name TEXT NOT NULL,
       save_path BLOB NOT NULL,
       folder BLOB NOT NULL,
       target BLOB NOT NULL,
       category TEXT NOT NULL,
       auto_managed INTEGER NOT NULL,
       download_path BLOB,
       ran INTEGER NOT NULL,
       forced INTEGER NOT NULL,
       files TEXT NOT NULL,
       metainfo BLOB NOT NULL,
       repointed INTEGER NOT NULL DEFAULT 0,
       PRIMARY KEY (saga_id, hash)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX saga_torrents_hash ON saga_torrents (hash)`,
    `CREATE TABLE saga_blobs (
       saga_id INTEGER NOT NULL REFERENCES sagas (id),
       number INTEGER NOT NULL,
       size INTEGER NOT NULL,
       wanted INTEGER NOT NULL,
       fence TEXT NOT NULL,
       links INTEGER NOT NULL,
       origin TEXT NOT NULL,
       source_id TEXT,
       content_id TEXT,
       target TEXT,
       proven TEXT,
       aside TEXT,
       PRIMARY KEY (saga_id, number)
     ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE saga_entries (
       saga_id INTEGER NOT NULL REFERENCES sagas (id),
       source BLOB NOT NULL,
       blob INTEGER NOT NULL,
       target BLOB NOT NULL,
       from_dir BLOB NOT NULL,
       to_dir BLOB NOT NULL,
       existed INTEGER NOT NULL,
       PRIMARY KEY (saga_id, source)
     ) STRICT, WITHOUT ROWID`
  ]),
  /** What files the client said that its torrents have. `stamp`: what else it said of the torrent then. */
  "0004_file_lists": statements([
    `CREATE TABLE cache_file_lists (
       hash TEXT PRIMARY KEY,
       stamp TEXT NOT NULL,
       read_at INTEGER NOT NULL,
       files TEXT NOT NULL
     ) STRICT`
  ]),
  /** Titles on their way out of the library. JSON in the columns that are lists; infohashes have a space between. */
  "0005_retirements": statements([
    `CREATE TABLE retirements (
       id INTEGER PRIMARY KEY,
       key TEXT NOT NULL,
       arr TEXT NOT NULL,
       title_id INTEGER NOT NULL,
       kind TEXT NOT NULL,
       season INTEGER,
       title TEXT NOT NULL,
       rule TEXT NOT NULL,
       evidence TEXT NOT NULL,
       state TEXT NOT NULL,
       announced_at INTEGER,
       due_at INTEGER,
       episodes TEXT NOT NULL,
       monitored_episodes TEXT NOT NULL,
       monitored INTEGER NOT NULL,
       files TEXT NOT NULL,
       hashes TEXT NOT NULL,
       bytes INTEGER NOT NULL,
       media_ids TEXT NOT NULL,
       requests TEXT NOT NULL,
       begun_at INTEGER NOT NULL,
       ended_at INTEGER,
       reason TEXT
     ) STRICT`,
    `CREATE INDEX retirements_key ON retirements (key)`,
    `CREATE INDEX retirements_state ON retirements (state)`,
    // No title is on its way twice.
    `CREATE UNIQUE INDEX retirements_open ON retirements (key) WHERE state NOT IN ('retired', 'undone')`
  ]),
  "0006_retired_payloads": statements([
    `CREATE TABLE retired_payloads (
       id INTEGER PRIMARY KEY,
       subject BLOB NOT NULL,
       content TEXT NOT NULL,
       began_at INTEGER NOT NULL,
       ended_at INTEGER,
       outcome TEXT,
       reason TEXT
     ) STRICT`,
    `CREATE INDEX retired_payloads_open ON retired_payloads (id) WHERE ended_at IS NULL`
  ])
}
