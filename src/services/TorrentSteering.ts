import { type Effect, Schema } from "effect"
import type { TorrentContent, TorrentHoldings, TorrentSettings } from "../domain/torrents.ts"
import { display } from "../platform/BytePath.ts"
import type { NoClientPath, TorrentClientError } from "./TorrentClient.ts"

/** The client lists this torrent no more. An answer, not a failure to read: the list itself was read. */
export class TorrentGone extends Schema.TaggedError<TorrentGone>()("TorrentGone", { hash: Schema.String }) {
  override get message() {
    return `qBittorrent lists ${this.hash} no more: it was removed there, or the profile is another one. Nothing further was changed.`
  }
}

/** What was asked for would endanger the payload as things are, or the client said no. Nothing was changed. */
export class SteeringRefused extends Schema.TaggedError<SteeringRefused>()("SteeringRefused", {
  hash: Schema.String,
  operation: Schema.String,
  why: Schema.String
}) {
  override get message() {
    return `${this.operation} of ${this.hash} is refused: ${display(this.why)}`
  }
}

/** The client took the call, and then did not get there. Exit code 75. */
export class SteeringStuck extends Schema.TaggedError<SteeringStuck>()("SteeringStuck", {
  hash: Schema.String,
  operation: Schema.String,
  /** What the client shows instead. */
  shows: Schema.String
}) {
  override get message() {
    return `${this.operation} of ${this.hash} did not come to its end: qBittorrent shows ${display(this.shows)}. Look at it there; the next run goes on from what it finds.`
  }
}

export type SteeringError = TorrentClientError | TorrentGone | SteeringRefused | SteeringStuck

/** Told whenever what the client shows has changed: its word for the state, and 0–1. */
export type OnProgress = (seen: { readonly state: string; readonly progress: number }) => Effect.Effect<void>

/**
 * How a torrent is taken from one filesystem to the other. All paths are this host's. Every call reads the torrent
 * again before it acts, sends its request once, and judges by what the client shows afterwards: what it shows can be a
 * refresh interval old (1.5 s unless set otherwise), so where that matters a call waits until nothing has changed for
 * two of them. `tests/services/torrent-client-relocation.contract.test.ts` holds each behaviour of the client that is
 * relied on against both real versions.
 */
export interface TorrentSteering {
  /** Null: the client answered, and has it not. An emptied profile says so of every torrent. */
  settings(hash: string): Effect.Effect<TorrentSettings | null, TorrentClientError>
  /** Its files as the client numbers them; without pad files. A file's progress is no proof, not even of a check. */
  contents(hash: string): Effect.Effect<ReadonlyArray<TorrentContent>, TorrentClientError>
  /** One number a piece: 0 not held, 1 on its way, 2 held. */
  pieceStates(hash: string): Effect.Effect<ReadonlyArray<number>, TorrentClientError>
  /** SHA-1 of each piece in lower-case hex; of a v2-only torrent whatever the client gives for it. */
  pieceHashes(hash: string): Effect.Effect<ReadonlyArray<string>, TorrentClientError>
  /** What the client holds of the wanted files, as it shows it now. `recheck` is what makes that worth something. */
  holdings(hash: string): Effect.Effect<TorrentHoldings, TorrentClientError | TorrentGone>
  /**
   * Waits out a check or a move (a check that is cut off leaves it at 0 %), stops it, and waits until it is. One that
   * misses its files or is in error is told to stop too, and returned with that state, which hides whether it has.
   */
  stop(hash: string): Effect.Effect<TorrentSettings, SteeringError>
  /**
   * Waits until it is settled, and starts it only if every piece of every wanted file is held: it would write into the
   * inodes that its files share. Should it show itself downloading nevertheless, it is stopped again at once. 100 %
   * says nothing unless a `recheck` has ended since the client last started or the files last changed: 5.x remembers
   * 100 % over a crash that it had already found wrong. `forced` starts it as `forcedUP`, past the client's queue.
   */
  start(hash: string, forced?: boolean): Effect.Effect<TorrentSettings, SteeringError>
  /**
   * Reads everything, on a stopped torrent, and returns what is held when that has ended; it is stopped then too.
   * Refuses a running one, one with a download path (a failed check would move it there), and one that does not lie at
   * its save path (4.x would move it there, over what is in the way).
   */
  recheck(hash: string, onProgress?: OnProgress): Effect.Effect<TorrentHoldings, SteeringError>
  /**
   * Waits until it neither moves nor checks and has shown the same for two refresh intervals: before that, a torrent
   * that has just been moved is still shown complete. Stuck when nothing has changed for half an hour.
   */
  settled(hash: string, onProgress?: OnProgress): Effect.Effect<TorrentSettings, SteeringError>
  /**
   * Both directions move the payload, over what is in the way, when it is not where its category says; that is
   * refused. Off also puts the category's save path and download path in force.
   */
  setAutoManagement(hash: string, enable: boolean): Effect.Effect<TorrentSettings, SteeringError>
  /** "" clears it. Refused under automatic management (the client would ignore it), and for one that is not complete
   * (the client would move it). */
  setDownloadPath(hash: string, path: string): Effect.Effect<TorrentSettings, SteeringError | NoClientPath>
  /**
   * Returns when the client has taken it; the move goes on, and `settled` waits for it. Makes the folder. A file that
   * is at the target already is kept and the source's left where it is; then the torrent is at 0 % until a `recheck`.
   * A file that is at the source alone is MOVED by the client, copied if need be: views are built beforehand, or both
   * places are empty (then nothing is read and 100 % is kept). Its `.parts` file (pieces that it shares with unwanted
   * files) goes along in each case. Refuses one that is not stopped, that is managed, or that has a download path.
   */
  setLocation(hash: string, folder: string): Effect.Effect<void, SteeringError | NoClientPath>
}
