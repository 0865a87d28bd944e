import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { seeding } from "../fakes/memory-torrents.ts"
import { type Terminal, withTerminal } from "../cli/terminal.ts"

interface Check {
  readonly area: string
  readonly name: string
  readonly outcome: string
  readonly detail: string
  readonly remedy: string | null
}

const examine = (terminal: Terminal) =>
  Effect.map(terminal.run("doctor", "--json"), ({ code, stdout }) => {
    const checks: ReadonlyArray<Check> = JSON.parse(stdout).checks
    return { code, checks }
  })

const extractOff = { upload: { remote: "memory:bucket", extract: { enable: false } } }

it.live("a sound host has no problem and exits 0", () =>
  withTerminal(
    (terminal) =>
      Effect.gen(function* () {
        terminal.film("film.mkv", "film")
        yield* terminal.run("upload")
        const { checks, code } = yield* examine(terminal)
        assert.deepStrictEqual(
          checks.filter(({ outcome }) => outcome !== "ok"),
          []
        )
        assert.strictEqual(code, 0)
        assert.match((yield* terminal.run("doctor")).stdout, /all is well$/)
      }),
    extractOff
  )
)

it.live("it changes nothing, not even where nothing is yet", () =>
  withTerminal(
    (terminal) =>
      Effect.gen(function* () {
        const { checks } = yield* examine(terminal)
        assert.include(checks.find(({ name }) => name === "stateDir")?.detail, "will be made")
        assert.isFalse(existsSync(terminal.stateDir))
      }),
    extractOff
  )
)

describe("each problem is named, with its remedy", () => {
  const secret = (terminal: Terminal) => join(terminal.root, "secret")
  const withSecret = (terminal: Terminal, content: string, mode: number) => {
    writeFileSync(secret(terminal), content)
    chmodSync(secret(terminal), mode)
    terminal.configure({ qbittorrent: { url: "http://memory", passwordFile: secret(terminal) }, ...extractOff })
  }
  const cases: ReadonlyArray<
    readonly [name: string, spoil: (terminal: Terminal) => void, says: RegExp, remedy: RegExp]
  > = [
    ["client unreachable", (terminal) => terminal.torrents.fail(), /cannot be read/, /nothing is uploaded/],
    [
      "paths as a container sees them",
      (terminal) => terminal.torrents.add(seeding("e".repeat(40), "/downloads/film.mkv")),
      /1 of 2 completed torrents not found here, such as \/downloads\/film\.mkv/,
      /qbittorrent\.pathMap/
    ],
    [
      "completedDir gone",
      (terminal) => rmSync(terminal.completed, { recursive: true }),
      /completed does not exist/,
      /Mount its disk/
    ],
    [
      "disk not mounted",
      (terminal) => {
        rmSync(terminal.completed, { recursive: true })
        mkdirSync(terminal.completed)
      },
      /is empty although 1 items are expected/,
      /Mount its disk/
    ],
    [
      "roots that meet through a symlink",
      (terminal) => symlinkSync(terminal.completed, join(terminal.root, "extracted")),
      /through symlinks it lies with completedDir/,
      /directory of its own/
    ],
    [
      "secret readable for all",
      (terminal) => withSecret(terminal, "x", 0o644),
      /readable for everybody/,
      /chmod o-rwx/
    ],
    ["secret empty", (terminal) => withSecret(terminal, "", 0o600), /is empty/, /Write the secret/],
    [
      "secret missing",
      (terminal) => {
        withSecret(terminal, "x", 0o600)
        unlinkSync(secret(terminal))
      },
      /secret does not exist/,
      /Create it/
    ],
    [
      "secret in the store",
      (terminal) =>
        terminal.configure({ qbittorrent: { url: "http://memory", apiKeyFile: "/nix/store/abc-key" }, ...extractOff }),
      /lies in the Nix store/,
      /outside the store/
    ],
    [
      "extractor missing",
      (terminal) =>
        terminal.configure({ upload: { remote: "memory:bucket", extract: { extractor: "unrar", reserveBytes: 0 } } }),
      /^unrar: it is not on PATH/,
      /Install unrar, or choose another upload\.extract\.extractor/
    ],
    [
      "damaged database",
      (terminal) => {
        for (const end of ["-wal", "-shm"]) rmSync(join(terminal.stateDir, `state.db${end}`), { force: true })
        writeFileSync(join(terminal.stateDir, "state.db"), "not a database, whatever it is called".repeat(40))
      },
      /file is not a database/,
      /restore it from a backup/
    ],
    [
      "clock that went back",
      (terminal) => {
        const db = new DatabaseSync(join(terminal.stateDir, "state.db"))
        db.exec("INSERT INTO runs (command, begun_at) VALUES ('upload', 4102444800000)")
        db.close()
      },
      /the database has seen 2100-01-01/,
      /Set the clock/
    ],
    [
      "item without proof",
      (terminal) => {
        const db = new DatabaseSync(join(terminal.stateDir, "state.db"))
        db.exec("UPDATE files SET proof = NULL")
        db.close()
      },
      /1 item said to be uploaded without a proof/,
      /Run media-pipeline upload/
    ]
  ]
  it.live.each(cases)("%s", ([, spoil, says, remedy]) =>
    withTerminal(
      (terminal) =>
        Effect.gen(function* () {
          terminal.film("film.mkv", "film")
          yield* terminal.run("upload")
          spoil(terminal)
          const { checks, code } = yield* examine(terminal)
          const found = checks.filter(
            ({ detail, name, outcome }) => outcome === "problem" && says.test(`${name}: ${detail}`)
          )
          assert.strictEqual(found.length, 1, JSON.stringify(checks.filter(({ outcome }) => outcome !== "ok")))
          assert.match(found[0]?.remedy ?? "", remedy)
          assert.strictEqual(code, 1)
        }),
      extractOff
    )
  )
})

it.live("what is only worth a look is a warning, exit 0", () =>
  withTerminal(
    (terminal) =>
      Effect.gen(function* () {
        terminal.film("film.mkv", "film")
        yield* terminal.run("upload")
        unlinkSync(join(terminal.completed, "film.mkv.uploaded"))
        const db = new DatabaseSync(join(terminal.stateDir, "state.db"))
        db.exec("INSERT INTO journal (step, subject, begun_at) VALUES ('upload.send', CAST('/x' AS BLOB), 1)")
        db.close()
        const { checks, code } = yield* examine(terminal)
        assert.deepStrictEqual(
          checks.filter(({ outcome }) => outcome === "warning").map(({ name }) => name),
          ["journal", "markers"]
        )
        assert.strictEqual(code, 0)
      }),
    extractOff
  )
)
