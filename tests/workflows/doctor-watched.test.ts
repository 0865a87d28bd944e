import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { chmodSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Arr, ArrUnreadable } from "../../src/services/Arr.ts"
import { MediaServer, MediaServerUnreadable } from "../../src/services/MediaServer.ts"
import { Requests } from "../../src/services/Requests.ts"
import { withWatched, type WatchedTerminal } from "../cli/watched-terminal.ts"
import { acts } from "./watched-rig.ts"

interface Check {
  readonly area: string
  readonly name: string
  readonly outcome: string
  readonly detail: string
  readonly remedy: string | null
}

const examine = (terminal: WatchedTerminal) =>
  Effect.map(terminal.run("doctor", "--json"), ({ code, stdout }) => {
    const checks: ReadonlyArray<Check> = JSON.parse(stdout).checks
    return { code, checks }
  })

const cleanup = { cleanup: { dryRun: false } }

const arrSays = (terminal: WatchedTerminal, trouble: string | null) => {
  const unreadable = new ArrUnreadable({ arr: "radarr", url: "http://memory", why: "connection refused" })
  const layer = Layer.effect(
    Arr,
    Effect.map(Arr, (inner) =>
      Arr.of({
        ...inner,
        trouble: (arr) =>
          arr !== "radarr" ? Effect.succeed(null) : trouble === null ? Effect.fail(unreadable) : Effect.succeed(trouble)
      })
    )
  ).pipe(Layer.provide(terminal.rig.arr.layer))
  terminal.replaced = { arr: layer }
}

const mediaSays = (terminal: WatchedTerminal, trouble: string | null) => {
  const unreadable = new MediaServerUnreadable({ url: "http://memory", why: "connection refused" })
  const layer = Layer.effect(
    MediaServer,
    Effect.map(MediaServer, (inner) =>
      MediaServer.of({ ...inner, trouble: trouble === null ? Effect.fail(unreadable) : Effect.succeed(trouble) })
    )
  ).pipe(Layer.provide(terminal.rig.media.layer))
  terminal.replaced = { mediaServer: layer }
}

it.live("a sound set-up has no problem, and nothing is changed", () =>
  withWatched(
    Effect.fnUntraced(function* (terminal) {
      terminal.populate()
      terminal.watch({}, cleanup)
      yield* terminal.run("upload")
      const { checks, code } = yield* examine(terminal)
      assert.deepStrictEqual([code, checks.filter(({ outcome }) => outcome !== "ok")], [0, []])
      const own = checks.filter(({ area }) => area === "Watched").map(({ name }) => name)
      for (const name of ["Jellyfin", "whose watching counts", "Radarr keep tag", "Radarr paths", "Sonarr paths"]) {
        assert.include(own, name)
      }
      assert.include(checks.find(({ name }) => name === "Radarr paths")?.detail, "5 files found here")
      assert.deepStrictEqual(acts(terminal.rig), [])
    })
  )
)

it.live("where it is not configured nobody is asked", () =>
  withWatched(
    Effect.fnUntraced(function* (terminal) {
      terminal.configure({ upload: { remote: "memory:bucket", extract: { enable: false } } })
      const { checks } = yield* examine(terminal)
      assert.isFalse(checks.some(({ area }) => area === "Watched"))
      assert.deepStrictEqual([terminal.rig.arr.calls, terminal.rig.media.calls], [[], []])
    })
  )
)

describe("each problem is named, with its remedy", () => {
  type Spoil = (terminal: WatchedTerminal) => void
  const cases: ReadonlyArray<readonly [name: string, outcome: string, spoil: Spoil, says: RegExp, remedy: RegExp]> = [
    [
      "Jellyfin not reachable",
      "problem",
      (terminal) => mediaSays(terminal, null),
      /^Jellyfin: .*connection refused/,
      /watched\.jellyfin\.url/
    ],
    [
      "its key wrong",
      "problem",
      (terminal) => mediaSays(terminal, "the API key is not accepted: make one"),
      /^Jellyfin: the API key is not accepted/,
      /watched\.jellyfin\.apiKeyFile/
    ],
    [
      "no such primary user",
      "problem",
      (terminal) => terminal.watch({ primaryUser: "anna" }, cleanup),
      /^whose watching counts: Jellyfin has no user "anna"; it has admin$/,
      /watched\.primaryUser/
    ],
    [
      "one of watchedBy missing",
      "problem",
      (terminal) => terminal.watch({ watchedBy: ["admin", "ben"] }, cleanup),
      /no user "ben"/,
      /watched\.watchedBy/
    ],
    [
      "Radarr not reachable",
      "problem",
      (terminal) => arrSays(terminal, null),
      /^Radarr: .*connection refused/,
      /watched\.radarr\.url/
    ],
    [
      "the key of Radarr wrong",
      "problem",
      (terminal) => arrSays(terminal, "the API key is not accepted: it is shown"),
      /^Radarr: the API key/,
      /watched\.radarr\.apiKeyFile/
    ],
    [
      "a root folder away",
      "problem",
      (terminal) => arrSays(terminal, "its root folder /movies is not accessible to it"),
      /^Radarr: its root folder \/movies/,
      /Mount it/
    ],
    [
      "no keep tag",
      "problem",
      (terminal) => terminal.rig.arr.labels.set("sonarr", ["other"]),
      /^Sonarr keep tag: it has no tag "keep"/,
      /Add the tag to any title/
    ],
    [
      "paths as a container sees them",
      "warning",
      (terminal) => rmSync(terminal.rig.path("Film 1.mkv")),
      /^Radarr paths: 1 of 5 files not found here, such as .*Film 1\.mkv: .* only its word/,
      /watched\.radarr\.pathMap/
    ],
    [
      "a service whose key file all can read",
      "problem",
      (terminal) => chmodSync(join(terminal.root, "key"), 0o644),
      /^watched\.jellyfin\.apiKeyFile: .* readable for everybody/,
      /chmod o-rwx/
    ],
    [
      "neither library",
      "problem",
      (terminal) => terminal.rig.arr.labels.clear(),
      /^libraries: neither Radarr nor Sonarr/,
      /watched\.radarr or watched\.sonarr/
    ],
    [
      "Seerr's key may too little",
      "problem",
      (terminal) => {
        const service = { url: "http://memory", apiKeyFile: join(terminal.root, "key") }
        terminal.watch({ seerr: service }, cleanup)
        const trouble = Effect.succeed("the API key may not manage requests")
        terminal.replaced = { requests: Layer.mock(Requests)({ configured: true, trouble }) }
      },
      /^Seerr: the API key may not manage requests/,
      /watched\.seerr\.apiKeyFile/
    ],
    [
      "no sendmail",
      "problem",
      (terminal) => {
        const sendmail = join(terminal.root, "sendmail")
        writeFileSync(sendmail, "not to be run", { mode: 0o644 })
        terminal.watch({ notify: { mail: { to: ["root"], sendmail } } }, cleanup)
      },
      /^mail: .*sendmail is no program/,
      /watched\.notify\.mail\.sendmail/
    ],
    [
      "cleanup a dry run",
      "warning",
      (terminal) => terminal.watch({}, { cleanup: { dryRun: true } }),
      /^torrents: cleanup is a dry run/,
      /cleanup\.dryRun/
    ],
    [
      "no cleanup",
      "warning",
      (terminal) => terminal.watch({}, { cleanup: undefined }),
      /^torrents: cleanup is not configured/,
      /Set cleanup/
    ],
    [
      "pressure of a disk that is not there",
      "problem",
      (terminal) => terminal.watch({ pressure: { path: "/nowhere/at/all", belowBytes: 1, untilBytes: 2 } }, cleanup),
      /^pressure: the free space of \/nowhere\/at\/all cannot be read/,
      /watched\.pressure\.path/
    ]
  ]
  it.live.each(cases)("%s", ([, outcome, spoil, says, remedy]) =>
    withWatched(
      Effect.fnUntraced(function* (terminal) {
        terminal.populate()
        terminal.watch({}, cleanup)
        yield* terminal.run("upload")
        spoil(terminal)
        const { checks, code } = yield* examine(terminal)
        const found = checks.filter((check) => says.test(`${check.name}: ${check.detail}`))
        const bad = JSON.stringify(checks.filter((check) => check.outcome !== "ok"))
        assert.deepStrictEqual(
          found.map((check) => check.outcome),
          [outcome],
          bad
        )
        assert.match(found[0]?.remedy ?? "", remedy)
        assert.strictEqual(code, outcome === "problem" ? 1 : 0, bad)
      })
    )
  )
})
