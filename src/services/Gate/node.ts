import { Clock, Effect, Layer } from "effect"
import { closeSync, fstatSync } from "node:fs"
import { AppConfig } from "../../config/AppConfig.ts"
import { authorize, type Evidence, type FileEvidence, quarantineFolder } from "../../domain/deletion.ts"
import { dirname, display, isWithin, join } from "../../platform/BytePath.ts"
import { Arr } from "../Arr.ts"
import { whyOf } from "../Disk/stats.ts"
import { type Freed, Gate, GateFailed, GateRefused } from "../Gate.ts"
import { Remote } from "../Remote.ts"
import { TorrentClient } from "../TorrentClient.ts"
import { objections, removeDerived } from "./derived.ts"
import { isThere, pruneParents, pruneTree, removeFiles, tally } from "./local.ts"
import { moveFiles, openQuarantine } from "./quarantine.ts"
import { objections as toRelocation, releaseRelocated, removeStaged } from "./relocated.ts"
import { Kept, retire as retireTitle } from "./retired.ts"
import { objections as toRetired, removeRetired } from "./retiredPayload.ts"
import { removeRemote } from "./retiredRemote.ts"
import { deepest } from "./roots.ts"
import { type Verdict, verify } from "./verify.ts"

type Of<Tag extends Evidence["_tag"]> = Extract<Evidence, { _tag: Tag }>

const subjectOf = (evidence: Evidence): string => {
  switch (evidence._tag) {
    case "LocalCopy":
      return evidence.item
    case "Derived":
    case "Quarantined":
      return evidence.path
    case "Relocated":
    case "Staged":
      return evidence.subject
    case "Torrent":
    case "RetiredTorrent":
      return evidence.hash
    case "Retired":
    case "RetiredPayload":
      return evidence.subject
    case "RetiredRemote":
      return evidence.item
    case "Unfinished":
      return evidence.paths.join(", ")
  }
}

const refuse = (evidence: Evidence, reasons: ReadonlyArray<string>) =>
  reasons.length === 0
    ? Effect.void
    : Effect.fail(new GateRefused({ subject: display(subjectOf(evidence)), reasons: reasons.map(display) }))

const authorized = (evidence: Evidence) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const authority = authorize(evidence, now)
    return refuse(evidence, authority.allowed ? [] : authority.reasons)
  })

const failed = (evidence: Evidence) => (cause: unknown) =>
  new GateFailed({ subject: display(subjectOf(evidence)), why: display(whyOf(cause)) })

const attempt = <A>(evidence: Evidence, act: () => A) => Effect.try({ try: act, catch: failed(evidence) })

const freed = (done: Freed): Freed => ({
  files: done.files,
  bytes: done.bytes,
  left: done.left.toSorted((one, other) => (one.path < other.path ? -1 : 1))
})

/** Reads every file again; what takes long is done here, so the evidence is held against the clock once more after it. */
const verifyAll = Effect.fnUntraced(function* (evidence: Evidence, anchor: string, files: ReadonlyArray<FileEvidence>) {
  const verdicts: Array<Verdict> = []
  for (const file of files) {
    verdicts.push(yield* Effect.tryPromise({ try: (signal) => verify(anchor, file, signal), catch: failed(evidence) }))
  }
  yield* authorized(evidence)
  return verdicts
})

export const layer = Layer.effect(
  Gate,
  Effect.gen(function* () {
    const config = yield* AppConfig
    const client = yield* TorrentClient
    const remote = yield* Remote
    const arr = yield* Arr
    const folders = [config.completedDir, config.extractedDir, config.stateDir]

    const holdsFolder = (path: string) =>
      folders
        .filter((folder) => isWithin(folder, path))
        .map((folder) => `${path} holds the configured folder ${folder}`)

    const release = Effect.fnUntraced(function* (evidence: Of<"LocalCopy">) {
      const { files, quarantine, root, rootless } = evidence
      yield* refuse(evidence, [
        ...(rootless ? [] : holdsFolder(root)),
        ...files.flatMap(({ path }) => holdsFolder(path)),
        ...(isWithin(root, config.stateDir) ? [`${root} lies in the state directory`] : []),
        ...(quarantine === null || isWithin(quarantine, join(config.completedDir, quarantineFolder))
          ? []
          : [`${quarantine} is not in the quarantine`])
      ])
      const anchor = deepest(evidence.roots, root) ?? root
      const verdicts = yield* verifyAll(evidence, anchor, files)
      if (quarantine !== null) {
        const device = yield* attempt(evidence, () => {
          const fd = openQuarantine(config.completedDir, quarantine)
          try {
            return fstatSync(fd, { bigint: true }).dev
          } finally {
            closeSync(fd)
          }
        })
        const elsewhere = verdicts.find((verdict) => verdict._tag === "go" && verdict.fence.dev !== device)
        yield* refuse(
          evidence,
          elsewhere === undefined ? [] : [`${elsewhere.file.path} is on another filesystem than the quarantine`]
        )
      }
      return yield* attempt(evidence, () => {
        const done = tally()
        if (quarantine === null) removeFiles(anchor, verdicts, done)
        else {
          const base = rootless ? root : dirname(root)
          moveFiles(anchor, base, { anchor: config.completedDir, path: quarantine }, verdicts, done)
        }
        if (rootless) {
          pruneParents(
            anchor,
            root,
            files.map(({ path }) => path)
          )
        } else pruneTree(anchor, root, done)
        if (!rootless && done.left.length === 0 && isThere(root)) throw new Error("it is still there")
        return freed(done)
      }).pipe(Effect.uninterruptible)
    })

    const purge = Effect.fnUntraced(function* (evidence: Of<"Quarantined">) {
      const home = join(config.completedDir, quarantineFolder)
      yield* refuse(evidence, evidence.within === home ? [] : [`${evidence.within} is not the quarantine`])
      const verdicts = yield* verifyAll(evidence, home, evidence.files)
      return yield* attempt(evidence, () => {
        const done = tally()
        removeFiles(home, verdicts, done)
        pruneTree(home, evidence.path, done)
        if (done.left.length === 0 && isThere(evidence.path)) throw new Error("it is still there")
        return freed(done)
      }).pipe(Effect.uninterruptible)
    })

    const discard = Effect.fnUntraced(function* (evidence: Of<"Derived">) {
      yield* refuse(evidence, yield* attempt(evidence, () => objections(evidence, config)))
      return yield* attempt(evidence, () => freed(removeDerived(evidence))).pipe(Effect.uninterruptible)
    })

    const seedingDirs = [...(config.storage?.stash.seedingDirs ?? []), ...(config.storage?.pool.seedingDirs ?? [])]

    const relocate = Effect.fnUntraced(function* (evidence: Of<"Relocated" | "Staged">) {
      yield* refuse(evidence, yield* attempt(evidence, () => toRelocation(evidence, seedingDirs)))
      return yield* attempt(evidence, () =>
        freed(evidence._tag === "Relocated" ? releaseRelocated(evidence) : removeStaged(evidence))
      ).pipe(Effect.uninterruptible)
    })

    const forget = Effect.fnUntraced(
      function* (evidence: Of<"Torrent" | "RetiredTorrent">) {
        const { exported, hash } = evidence
        const has = Effect.map(client.torrents, (all) => all.some((torrent) => torrent.hash === hash))
        if (exported === null || !(yield* attempt(evidence, () => isThere(exported)))) {
          yield* refuse(evidence, [`${exported ?? "its .torrent"} is not there`])
        }
        if (!(yield* has)) return { files: 0, bytes: 0, left: [] }
        yield* client.remove(hash)
        // The client answers before it is done.
        for (let tries = 0; yield* has; tries++) {
          if (tries === 20) return yield* failed(evidence)(new Error("qBittorrent still lists it"))
          yield* Effect.sleep("250 millis")
        }
        return { files: 0, bytes: 0, left: [] }
      },
      (effect, evidence) =>
        Effect.catchTags(effect, {
          TorrentClientUnreadable: (error) => Effect.fail(failed(evidence)(error)),
          TorrentClientRefused: (error) => Effect.fail(failed(evidence)(error))
        })
    )

    const retire = Effect.fnUntraced(function* (evidence: Of<"RetiredPayload">) {
      yield* refuse(evidence, yield* attempt(evidence, () => toRetired(evidence, seedingDirs, folders)))
      return yield* attempt(evidence, () => freed(removeRetired(evidence))).pipe(Effect.uninterruptible)
    })

    const retireFiles = (evidence: Of<"Retired">) =>
      retireTitle(arr, evidence).pipe(
        Effect.mapError((error) =>
          error instanceof Kept
            ? new GateRefused({ subject: display(evidence.subject), reasons: error.reasons })
            : failed(evidence)(new Error(error.why))
        )
      )

    const vacate = (evidence: Of<"RetiredRemote">) =>
      removeRemote(evidence).pipe(
        Effect.map(freed),
        Effect.provideService(Remote, remote),
        Effect.mapError(failed(evidence))
      )

    const cancel = (evidence: Of<"Unfinished">) =>
      remote.cancelUnfinished(evidence.paths).pipe(
        Effect.map((files): Freed => ({ files, bytes: 0, left: [] })),
        Effect.mapError(failed(evidence))
      )

    const act = (evidence: Evidence): Effect.Effect<Freed, GateRefused | GateFailed> => {
      switch (evidence._tag) {
        case "LocalCopy":
          return release(evidence)
        case "Quarantined":
          return purge(evidence)
        case "Derived":
          return discard(evidence)
        case "Relocated":
        case "Staged":
          return relocate(evidence)
        case "Torrent":
        case "RetiredTorrent":
          return forget(evidence)
        case "Retired":
          return retireFiles(evidence)
        case "RetiredPayload":
          return retire(evidence)
        case "RetiredRemote":
          return vacate(evidence)
        case "Unfinished":
          return cancel(evidence)
      }
    }

    return Gate.of({
      pass: Effect.fn("Gate.pass")(function* (evidence: Evidence) {
        yield* authorized(evidence)
        return yield* act(evidence)
      })
    })
  })
)
