import { Effect, Layer } from "effect"
import { Arr } from "../../src/services/Arr.ts"
import { MediaServer } from "../../src/services/MediaServer.ts"
import { Requests } from "../../src/services/Requests.ts"
import { Journal } from "../../src/state/Journal.ts"
import { Retirements } from "../../src/state/Retirements.ts"
import { at } from "./points.ts"

/** The ports of `watched`, with points around each call that changes something: before it, and when it is done. */

const around = <A, E, R>(label: string, act: Effect.Effect<A, E, R>) =>
  Effect.andThen(at(`${label} before`), Effect.tap(act, at(`${label} after`)))

/** By the step alone: numbers of titles differ from world to world. */
export const watchSteps = <E, R>(layer: Layer.Layer<Journal, E, R>) =>
  Layer.effect(
    Journal,
    Effect.map(Journal, (inner) =>
      Journal.of({
        ...inner,
        step: (step, about, detail, act) =>
          inner
            .step(step, about, detail, Effect.andThen(at(`journal ${step}: intent written`), act))
            .pipe(Effect.tap(at(`journal ${step}: outcome written`))),
        settle: (id, outcome) => around("Journal.settle", inner.settle(id, outcome))
      })
    )
  ).pipe(Layer.provide(layer))

export const watchArr = <E, R>(layer: Layer.Layer<Arr, E, R>) =>
  Layer.effect(
    Arr,
    Effect.map(Arr, (inner) =>
      Arr.of({
        ...inner,
        setMonitored: (ref, episodes, monitored) =>
          around(`${ref.arr} setMonitored ${monitored}`, inner.setMonitored(ref, episodes, monitored)),
        deleteFiles: (ref, files) => around(`${ref.arr} deleteFiles`, inner.deleteFiles(ref, files))
      })
    )
  ).pipe(Layer.provide(layer))

export const watchRequests = <E, R>(layer: Layer.Layer<Requests, E, R>) =>
  Layer.effect(
    Requests,
    Effect.map(Requests, (inner) =>
      Requests.of({ ...inner, close: (mediaId) => around("seerr close", inner.close(mediaId)) })
    )
  ).pipe(Layer.provide(layer))

export const watchMediaServer = <E, R>(layer: Layer.Layer<MediaServer, E, R>) =>
  Layer.effect(
    MediaServer,
    Effect.map(MediaServer, (inner) =>
      MediaServer.of({
        ...inner,
        showLeaving: (collection, ids) =>
          around(`jellyfin showLeaving ${ids.length}`, inner.showLeaving(collection, ids))
      })
    )
  ).pipe(Layer.provide(layer))

export const watchRetirements = <E, R>(layer: Layer.Layer<Retirements, E, R>) =>
  Layer.effect(
    Retirements,
    Effect.map(Retirements, (inner) =>
      Retirements.of({
        ...inner,
        announce: (titles) => around("Retirements.announce", inner.announce(titles)),
        begin: (title) => around(`Retirements.begin ${title.kind}`, inner.begin(title)),
        move: (id, from, to, change) => around(`Retirements.move ${to}`, inner.move(id, from, to, change)),
        undo: (id, reason) => around("Retirements.undo", inner.undo(id, reason)),
        note: (id, change) => around(`Retirements.note ${Object.keys(change).join()}`, inner.note(id, change))
      })
    )
  ).pipe(Layer.provide(layer))
