import { Context, type Effect, Schema } from "effect"
import type { Torrent, TorrentFile } from "../domain/torrents.ts"

/** The client could not be read or did not do as asked: no conclusion may be drawn. Exit code 75. */
export class TorrentClientUnreadable extends Schema.TaggedError<TorrentClientUnreadable>()("TorrentClientUnreadable", {
  url: Schema.String,
  operation: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `qBittorrent at ${this.url} cannot be read (${this.operation}: ${this.why}). Is it running, and is qbittorrent.url right? Nothing further was changed.`
  }
}

/** The credentials were refused. Not tried twice in a run: five failures ban this host's address for an hour. */
export class TorrentClientRefused extends Schema.TaggedError<TorrentClientRefused>()("TorrentClientRefused", {
  url: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `cannot log in to qBittorrent at ${this.url}: ${this.why}. Check qbittorrent.username and passwordFile (or apiKeyFile), or allow this host to bypass authentication in its Web UI options. Nothing further was changed.`
  }
}

export type TorrentClientError = TorrentClientUnreadable | TorrentClientRefused

export class TorrentClient extends Context.Service<
  TorrentClient,
  {
    /** Application version, such as "v5.1.0". */
    readonly version: Effect.Effect<string, TorrentClientError>
    /** Every torrent, read once, paths mapped to this host. */
    readonly torrents: Effect.Effect<ReadonlyArray<Torrent>, TorrentClientError>
    /** Category name to its save path on this host ("" when it follows the default). */
    readonly categories: Effect.Effect<ReadonlyMap<string, string>, TorrentClientError>
    files(hash: string): Effect.Effect<ReadonlyArray<TorrentFile>, TorrentClientError>
    /** Host names of all its trackers, in lower case, DHT, PeX and LSD left out. */
    trackers(hash: string): Effect.Effect<ReadonlyArray<string>, TorrentClientError>
    /** The .torrent file's bytes. */
    export(hash: string): Effect.Effect<Uint8Array, TorrentClientError>
    /** Removes one torrent, never its files. Only the gate calls this. */
    remove(hash: string): Effect.Effect<void, TorrentClientError>
  }
>()("media-pipeline/TorrentClient") {}
