import { Context, type Effect, Schema } from "effect"
import type { ClientPreferences, Torrent, TorrentFile } from "../domain/torrents.ts"
import { display } from "../platform/BytePath.ts"
import type { TorrentSteering } from "./TorrentSteering.ts"

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

/** The client does not take a category as it was given. */
export class CategoryRefused extends Schema.TaggedError<CategoryRefused>()("CategoryRefused", {
  category: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `qBittorrent does not take the category ${display(this.category)}: ${display(this.why)}`
  }
}

/** A path of this host that the client cannot be told, because no path of its own is mapped there. Exit code 78. */
export class NoClientPath extends Schema.TaggedError<NoClientPath>()("NoClientPath", { path: Schema.String }) {
  override get message() {
    return `qbittorrent.pathMap maps no path of qBittorrent to ${display(this.path)}: its prefixes hide each other. Give the folder that holds it an entry of its own. Nothing further was changed.`
  }
}

export type TorrentClientError = TorrentClientUnreadable | TorrentClientRefused

export class TorrentClient extends Context.Service<
  TorrentClient,
  {
    /** Application version, such as "v5.1.0". */
    readonly version: Effect.Effect<string, TorrentClientError>
    readonly preferences: Effect.Effect<ClientPreferences, TorrentClientError>
    /** Every torrent, read once, paths mapped to this host. */
    readonly torrents: Effect.Effect<ReadonlyArray<Torrent>, TorrentClientError>
    /** Category name to its save path on this host ("" when it follows the default). */
    readonly categories: Effect.Effect<ReadonlyMap<string, string>, TorrentClientError>
    /** Adds a category that saves at this path of the host. One that does already is as good. */
    createCategory(
      name: string,
      savePath: string
    ): Effect.Effect<void, TorrentClientError | CategoryRefused | NoClientPath>
    /** Gives one another save path on the host and keeps its other options. Moves what `autoManaged` counts there! */
    editCategory(
      name: string,
      savePath: string
    ): Effect.Effect<void, TorrentClientError | CategoryRefused | NoClientPath>
    /** How many torrents of each category are under automatic management: they lie where their category says. */
    readonly autoManaged: Effect.Effect<ReadonlyMap<string, number>, TorrentClientError>
    files(hash: string): Effect.Effect<ReadonlyArray<TorrentFile>, TorrentClientError>
    /** Host names of all its trackers, in lower case, DHT, PeX and LSD left out. */
    trackers(hash: string): Effect.Effect<ReadonlyArray<string>, TorrentClientError>
    /** The .torrent file's bytes. */
    export(hash: string): Effect.Effect<Uint8Array, TorrentClientError>
    /** Removes one torrent, never its files. Only the gate calls this. */
    remove(hash: string): Effect.Effect<void, TorrentClientError>
  } & TorrentSteering
>()("media-pipeline/TorrentClient") {}
