import { Effect, Layer } from "effect"
import { execFileSync } from "node:child_process"
import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { Prover } from "../../src/services/Prover.ts"
import { TorrentClient } from "../../src/services/TorrentClient.ts"
import { Views } from "../../src/services/Views.ts"
import { Sagas } from "../../src/state/Sagas.ts"
import { at, point } from "./points.ts"

/** The ports of a relocation, with points around what they do to the world and to the database. */

const around = <A, E, R>(label: string, act: Effect.Effect<A, E, R>) =>
  Effect.andThen(at(`${label} before`), Effect.tap(act, at(`${label} after`)))

export const watchSagas = <E, R>(layer: Layer.Layer<Sagas, E, R>) =>
  Layer.effect(
    Sagas,
    Effect.map(Sagas, (inner) =>
      Sagas.of({
        ...inner,
        begin: (saga) => around("Sagas.begin", inner.begin(saga)),
        move: (id, from, to, change) => around(`Sagas.move ${to}`, inner.move(id, from, to, change)),
        note: (id, change) => around(`Sagas.note ${Object.keys(change).join()}`, inner.note(id, change)),
        noteBlob: (id, number, change) =>
          around(`Sagas.noteBlob ${Object.keys(change).join()}`, inner.noteBlob(id, number, change)),
        noteBlobs: (id, notes) =>
          around(`Sagas.noteBlobs ${Object.keys(notes[0] ?? {}).join()}`, inner.noteBlobs(id, notes)),
        setRepointed: (id, hash, repointed) =>
          around(`Sagas.setRepointed ${repointed}`, inner.setRepointed(id, hash, repointed))
      })
    )
  ).pipe(Layer.provide(layer))

/** Another program writes into a file, and puts its time back. */
const spoil = (path: string) => {
  const { atime, mtime } = statSync(path)
  const bytes = readFileSync(path)
  bytes[100] = (bytes[100] ?? 0) ^ 1
  writeFileSync(path, bytes)
  utimesSync(path, atime, mtime)
}

/** `spoils`: a file into which somebody writes right before the client is first told of a new place. */
export const watchSteering = <E, R>(layer: Layer.Layer<TorrentClient, E, R>, spoils: string | undefined) => {
  let left = spoils
  const spoilOnce = Effect.sync(() => {
    if (left !== undefined) spoil(left)
    left = undefined
  })
  return Layer.effect(
    TorrentClient,
    Effect.map(TorrentClient, (inner) =>
      TorrentClient.of({
        ...inner,
        stop: (hash) => around("TorrentClient.stop", inner.stop(hash)),
        start: (hash, forced) => around("TorrentClient.start", inner.start(hash, forced)),
        recheck: (hash, onProgress) => around("TorrentClient.recheck", inner.recheck(hash, onProgress)),
        setLocation: (hash, folder) =>
          around("TorrentClient.setLocation", Effect.andThen(spoilOnce, inner.setLocation(hash, folder))),
        setAutoManagement: (hash, enable) =>
          around(`TorrentClient.setAutoManagement ${enable}`, inner.setAutoManagement(hash, enable)),
        setDownloadPath: (hash, path) => around("TorrentClient.setDownloadPath", inner.setDownloadPath(hash, path))
      })
    )
  ).pipe(Layer.provide(layer))
}

/** `meanwhile`: a shell's command that is run once, when the first bytes of a copy are there. */
export const watchViews = <E, R>(layer: Layer.Layer<Views, E, R>, meanwhile: string | undefined) => {
  let left = meanwhile
  const midway = () => {
    if (left !== undefined) execFileSync("sh", ["-c", left])
    left = undefined
    point("Views.copy midway")
  }
  return Layer.effect(
    Views,
    Effect.map(Views, (inner) =>
      Views.of({
        ...inner,
        copy: (source, fence, to, onBytes) =>
          inner.copy(source, fence, to, (done) => {
            midway()
            onBytes?.(done)
          })
      })
    )
  ).pipe(Layer.provide(layer))
}

export const watchProver = <E, R>(layer: Layer.Layer<Prover, E, R>) =>
  Layer.effect(
    Prover,
    Effect.map(Prover, (inner) =>
      Prover.of({ prove: (views, onBytes) => around("Prover.prove", inner.prove(views, onBytes)) })
    )
  ).pipe(Layer.provide(layer))
