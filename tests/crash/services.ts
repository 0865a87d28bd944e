import { Effect, Layer } from "effect"
import { readdirSync } from "node:fs"
import { stagingPath } from "../../src/domain/archiveJudgement.ts"
import type { Evidence } from "../../src/domain/deletion.ts"
import { Archive, type ExtractRequest } from "../../src/services/Archive.ts"
import { Gate } from "../../src/services/Gate.ts"
import { Remote, type Transfer } from "../../src/services/Remote.ts"
import { TorrentClient } from "../../src/services/TorrentClient.ts"
import { Items } from "../../src/state/Items.ts"
import { Journal } from "../../src/state/Journal.ts"
import { Runs } from "../../src/state/Runs.ts"
import { Spool } from "../../src/state/Spool.ts"
import { Torrents } from "../../src/state/Torrents.ts"
import { at, subject } from "./points.ts"

/** Each port with points around what it does to the world, and after what it writes down. */

const after = <A, E, R>(label: string, act: Effect.Effect<A, E, R>) => Effect.tap(act, at(`${label} after`))
const around = <A, E, R>(label: string, act: Effect.Effect<A, E, R>) =>
  Effect.andThen(at(`${label} before`), after(label, act))

export const watchJournal = <E, R>(layer: Layer.Layer<Journal, E, R>) =>
  Layer.effect(
    Journal,
    Effect.map(Journal, (inner) =>
      Journal.of({
        ...inner,
        step: (step, about, detail, act) => {
          const label = `journal ${step} of ${subject(about)}`
          return at(`${label}: before its intent`).pipe(
            Effect.andThen(
              inner.step(
                step,
                about,
                detail,
                at(`${label}: intent written`).pipe(Effect.andThen(act), Effect.tap(at(`${label}: done`)))
              )
            ),
            Effect.tap(at(`${label}: outcome written`))
          )
        },
        settle: (id, outcome) => after(`Journal.settle ${outcome}`, inner.settle(id, outcome))
      })
    )
  ).pipe(Layer.provide(layer))

const about = (evidence: Evidence): string => {
  switch (evidence._tag) {
    case "LocalCopy":
      return subject(evidence.item)
    case "Relocated":
    case "Staged":
      return `saga of ${subject(evidence.subject)}`
    case "Derived":
    case "Quarantined":
      return subject(evidence.path)
    case "Torrent":
      return evidence.files.length === 1 ? subject(evidence.files[0]?.path ?? "") : `${evidence.files.length} files`
    case "RetiredTorrent":
      return evidence.hash
    case "Retired":
    case "RetiredPayload":
      return subject(evidence.subject)
    case "RetiredRemote":
      return subject(evidence.item)
    case "Unfinished":
      return evidence.paths.join(", ")
  }
}

export const watchGate = <E, R>(layer: Layer.Layer<Gate, E, R>) =>
  Layer.effect(
    Gate,
    Effect.map(Gate, (inner) =>
      Gate.of({ pass: (evidence) => around(`Gate.pass ${evidence._tag} ${about(evidence)}`, inner.pass(evidence)) })
    )
  ).pipe(Layer.provide(layer))

/** The item, not the file: files of one item are alike. */
const itemOf = (transfer: Transfer) =>
  `${transfer.path.split("/").slice(0, 2).join("/")}${transfer.source.includes("/extracted/") ? " (member)" : ""}`
const top = (path: string) => path.split("/").slice(0, 2).join("/")

export const watchRemote = <E, R>(layer: Layer.Layer<Remote, E, R>) =>
  Layer.effect(
    Remote,
    Effect.map(Remote, (inner) =>
      Remote.of({
        ...inner,
        warm: inner.warm,
        info: after("Remote.info", inner.info),
        list: (prefix) => after(`Remote.list "${prefix}"`, inner.list(prefix)),
        stat: (path) => after("Remote.stat", inner.stat(path)),
        upload: (transfer) => around(`Remote.upload ${itemOf(transfer)}`, inner.upload(transfer)),
        read: (path, offset, length) => after("Remote.read", inner.read(path, offset, length)),
        readBack: (path, kind) => after("Remote.readBack", inner.readBack(path, kind)),
        download: (path, to, size) => around(`Remote.download ${top(path)}`, inner.download(path, to, size)),
        remove: (path, mode) => around(`Remote.remove ${mode} ${top(path)}`, inner.remove(path, mode)),
        cancelUnfinished: (paths) => around("Remote.cancelUnfinished", inner.cancelUnfinished(paths))
      })
    )
  ).pipe(Layer.provide(layer))

const hasCome = (folder: string): boolean => {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).some((entry) => entry.isFile())
  } catch {
    return false
  }
}

const midway = (label: string, request: ExtractRequest) =>
  Effect.sleep("1 millis").pipe(
    Effect.repeat({ until: () => hasCome(stagingPath(request.into)) }),
    Effect.andThen(at(`${label} midway`)),
    Effect.andThen(Effect.never)
  )

export const watchArchive = <E, R>(layer: Layer.Layer<Archive, E, R>) =>
  Layer.effect(
    Archive,
    Effect.map(Archive, (inner) =>
      Archive.of({
        extract: (request) => {
          const label = `Archive.extract ${request.sets[0]?.first ?? ""}`
          const watched = Effect.raceFirst(inner.extract(request), midway(label, request))
          return around(label, watched)
        }
      })
    )
  ).pipe(Layer.provide(layer))

export const watchTorrentClient = <E, R>(layer: Layer.Layer<TorrentClient, E, R>) =>
  Layer.effect(
    TorrentClient,
    Effect.map(TorrentClient, (inner) =>
      TorrentClient.of({
        ...inner,
        torrents: after("TorrentClient.torrents", inner.torrents),
        export: (hash) => after("TorrentClient.export", inner.export(hash)),
        remove: (hash) => around("TorrentClient.remove", inner.remove(hash))
      })
    )
  ).pipe(Layer.provide(layer))

export const watchItems = <E, R>(layer: Layer.Layer<Items, E, R>) =>
  Layer.effect(
    Items,
    Effect.map(Items, (inner) =>
      Items.of({
        ...inner,
        add: (item) => after(`Items.add ${subject(item.path)}`, inner.add(item)),
        update: (id, change) =>
          around(`Items.update ${change.state ?? Object.keys(change).join()}`, inner.update(id, change)),
        setFiles: (id, files) => after("Items.setFiles", inner.setFiles(id, files)),
        putFiles: (files) => around("Items.putFiles", inner.putFiles(files)),
        atomically: (effect) => after("Items.atomically", inner.atomically(effect))
      })
    )
  ).pipe(Layer.provide(layer))

export const watchTorrents = <E, R>(layer: Layer.Layer<Torrents, E, R>) =>
  Layer.effect(
    Torrents,
    Effect.map(Torrents, (inner) =>
      Torrents.of({
        ...inner,
        see: (torrents, now) => after("Torrents.see", inner.see(torrents, now)),
        setExported: (hash, file) => after("Torrents.setExported", inner.setExported(hash, file)),
        setRemovedByUs: (hash) => after("Torrents.setRemovedByUs", inner.setRemovedByUs(hash))
      })
    )
  ).pipe(Layer.provide(layer))

export const watchRuns = <E, R>(layer: Layer.Layer<Runs, E, R>) =>
  Layer.effect(
    Runs,
    Effect.map(Runs, (inner) =>
      Runs.of({
        ...inner,
        begin: (command) => after("Runs.begin", inner.begin(command)),
        end: (id, outcome, summary) => after("Runs.end", inner.end(id, outcome, summary)),
        observe: (key, value) => after(`Runs.observe ${key}`, inner.observe(key, value))
      })
    )
  ).pipe(Layer.provide(layer))

export const watchSpool = <E, R>(layer: Layer.Layer<Spool, E, R>) =>
  Layer.effect(
    Spool,
    Effect.map(Spool, (inner) => Spool.of({ ...inner, remove: (hash) => around("Spool.remove", inner.remove(hash)) }))
  ).pipe(Layer.provide(layer))
