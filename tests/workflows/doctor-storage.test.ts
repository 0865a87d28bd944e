import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { spawnSync } from "node:child_process"
import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Check } from "../../src/workflows/doctor/check.ts"
import { type Terminal, withTerminal } from "../cli/terminal.ts"
import { seeding } from "../fakes/memory-torrents.ts"
import {
  bindMounted,
  type FilesystemRigError,
  loopMounted,
  memoryMounted,
  type Mounted,
  subvolume
} from "../real/filesystems.ts"

interface Host {
  readonly terminal: Terminal
  readonly stash: Mounted
  readonly pool: Mounted
  readonly seeds: string
  readonly pooled: string
  /** A complete torrent of one file. */
  readonly torrent: (path: string, size?: number) => string
  readonly configure: (over?: object, more?: object) => void
}

/** A stash and a pool in memory, with one torrent each. */
const withHost = <A, E>(use: (host: Host) => Effect.Effect<A, E, Scope.Scope>) =>
  withTerminal((terminal) =>
    Effect.gen(function* () {
      const stash = yield* memoryMounted(join(terminal.root, "stash"))
      const pool = yield* memoryMounted(join(terminal.root, "pool"))
      const seeds = join(stash.path, "seeding")
      const pooled = join(pool.path, "seeding")
      for (const path of [join(seeds, "tv"), join(pooled, "tv"), join(stash.path, "movies")]) {
        mkdirSync(path, { recursive: true })
      }
      const torrent = (path: string, size = 5) => {
        const hash = Buffer.from(path).toString("hex").slice(-40).padStart(40, "0")
        mkdirSync(dirname(path), { recursive: true })
        writeFileSync(path, "12345")
        const name = path.slice(path.lastIndexOf("/") + 1)
        terminal.torrents.add(seeding(hash, path), [{ path: name, size, progress: 1, wanted: true }])
        return hash
      }
      const configure = (over: object = {}, more: object = {}) =>
        terminal.configure({
          upload: { remote: "memory:bucket", extract: { enable: false } },
          storage: {
            stash: { root: stash.path, seedingDirs: [seeds] },
            pool: { root: pool.path, seedingDirs: [pooled] },
            reserveBytes: 0,
            ...over
          },
          ...more
        })
      torrent(join(seeds, "tv/one.mkv"))
      torrent(join(pooled, "tv/two.mkv"))
      configure()
      return yield* use({ terminal, stash, pool, seeds, pooled, torrent, configure })
    }).pipe(Effect.scoped)
  )

const examine = (terminal: Terminal) =>
  Effect.map(terminal.run("doctor", "--json"), ({ code, stdout }) => {
    const checks: ReadonlyArray<Check> = JSON.parse(stdout).checks
    return { code, checks: checks.filter(({ area }) => area === "Storage") }
  })

const listing = (path: string) =>
  spawnSync("find", [path, "-printf", "%p %i %T@ %C@ %n\\n"], { encoding: "utf8" }).stdout

it.live("a sound layout has no problem, every fact is named, and nothing is changed by looking", () =>
  withHost(({ pool, stash, terminal }) =>
    Effect.gen(function* () {
      const before = [listing(stash.path), listing(pool.path)]
      const { checks } = yield* examine(terminal)
      assert.deepStrictEqual(
        checks.filter(({ outcome }) => outcome !== "ok"),
        []
      )
      assert.deepStrictEqual(
        checks.map(({ name }) => name),
        [
          "storage.stash.root",
          "storage.pool.root",
          "links",
          "paths on the stash",
          "paths on the pool",
          "fs.protected_hardlinks",
          "incomplete path",
          "categories",
          "automatic management"
        ]
      )
      assert.match(checks[0]?.detail ?? "", /\/stash \(tmpfs:[0-9a-f]+\), .* free; 1 seeding directory$/)
      assert.deepStrictEqual([listing(stash.path), listing(pool.path)], before)
      const screen = (yield* terminal.run("doctor")).stdout
      assert.match(screen, /^Storage\n {2}ok +storage\.stash\.root: /m)
    })
  )
)

it.live("without storage it has nothing to say of it", () =>
  withTerminal((terminal) =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* examine(terminal)).checks, [])
    })
  )
)

type Spoil = (host: Host) => Effect.Effect<void, FilesystemRigError, Scope.Scope>
const sync =
  (act: (host: Host) => void): Spoil =>
  (host) =>
    Effect.sync(() => act(host))

describe("each problem is named, with its remedy", () => {
  const cases: ReadonlyArray<
    readonly [name: string, spoil: Spoil, outcome: "problem" | "warning", says: RegExp, remedy: RegExp]
  > = [
    [
      "root that is not mounted: its empty mount point lies on the system's disk",
      ({ pool }) => pool.unmount,
      "problem",
      /^storage\.pool\.root: .*\/pool is empty, and nothing is mounted there/,
      /Mount its disk/
    ],
    [
      "directory that is missing",
      sync(({ pool }) => rmSync(join(pool.path, "seeding"), { recursive: true })),
      "problem",
      /^storage\.pool\.seedingDirs: .*ENOENT/,
      /Mount its disk, or mend storage\.pool\.seedingDirs/
    ],
    [
      "one filesystem for both",
      sync(({ configure, pooled, stash }) => {
        mkdirSync(join(stash.path, "pool/seeding"), { recursive: true })
        const root = join(stash.path, "pool")
        configure({ pool: { root, seedingDirs: [join(root, "seeding")] } })
        rmSync(pooled, { recursive: true })
      }),
      "problem",
      /^two filesystems: .*are one filesystem \(tmpfs:.*nothing to move between/,
      /a filesystem of its own/
    ],
    [
      "seeding directory on another filesystem than its root: no library could link to it",
      ({ seeds }) => Effect.asVoid(memoryMounted(seeds)),
      "problem",
      /^storage\.stash\.seedingDirs: .*lies on another filesystem than .*no library there can link/,
      /plain directory/
    ],
    [
      "two mounts of one filesystem: the kernel links nothing between them",
      ({ configure, seeds, terminal }) =>
        Effect.gen(function* () {
          const hidden = yield* memoryMounted(join(terminal.root, "hidden"))
          for (const name of ["a", "b"]) mkdirSync(join(hidden.path, name))
          const root = yield* bindMounted(join(hidden.path, "a"), join(terminal.root, "a"))
          const other = yield* bindMounted(join(hidden.path, "b"), join(terminal.root, "b"))
          yield* hidden.unmount
          writeFileSync(join(root.path, "file"), "")
          assert.throws(() => linkSync(join(root.path, "file"), join(other.path, "file")), /EXDEV/)
          configure({ stash: { root: root.path, seedingDirs: [other.path] } })
          rmSync(seeds, { recursive: true })
        }),
      "problem",
      /^storage\.stash\.seedingDirs: .*are one filesystem, mounted twice/,
      /Mount it once, above both/
    ],
    [
      "read-only root",
      ({ pool }) => Effect.sync(() => void spawnSync("mount", ["-o", "remount,ro", pool.path])),
      "problem",
      /^storage\.pool\.root: .*is mounted read-only/,
      /Mount it for writing/
    ],
    [
      "bind alias of a seeding directory",
      ({ configure, seeds, terminal }) =>
        Effect.gen(function* () {
          const alias = yield* bindMounted(seeds, join(terminal.root, "alias"))
          configure({ stash: { root: join(terminal.root, "stash"), seedingDirs: [alias.path] } })
        }),
      "warning",
      /^storage\.stash\.seedingDirs: .*\/alias is a bind mount: the same files lie at .*\/stash\/seeding/,
      /one of the two names only/
    ],
    [
      "seeding directory inside of another",
      sync(({ configure, seeds, stash }) =>
        configure({ stash: { root: stash.path, seedingDirs: [seeds, join(seeds, "tv")] } })
      ),
      "warning",
      /\/seeding\/tv lies in .*\/seeding$/,
      /Name the outer one only/
    ],
    [
      "dataset below a root",
      ({ stash }) => Effect.asVoid(memoryMounted(join(stash.path, "backup"))),
      "warning",
      /^storage\.stash\.root: .*\/backup below it is a filesystem of its own/,
      /Else leave it/
    ],
    [
      "dataset in a seeding directory",
      ({ seeds }) => Effect.asVoid(memoryMounted(join(seeds, "tv/deep"))),
      "warning",
      /\/tv\/deep in a seeding directory is a filesystem of its own: torrents in it cannot be moved/,
      /plain directory/
    ],
    [
      "too little room on the pool",
      sync(({ configure }) => configure({ reserveBytes: 10 ** 15 })),
      "warning",
      /^storage\.pool\.root: .*have to stay free: nothing is copied to it/,
      /reserveBytes/
    ],
    [
      "path map that leads elsewhere: the client's file has another size here",
      sync(({ seeds, torrent }) => void torrent(join(seeds, "tv/three.mkv"), 7)),
      "problem",
      /^paths on the stash: 1 of 2 files .*three\.mkv has 5 bytes, not 7/,
      /qbittorrent\.pathMap/
    ],
    [
      "path map that leads nowhere",
      sync(({ pooled }) => rmSync(join(pooled, "tv/two.mkv"))),
      "problem",
      /^paths on the pool: 1 of 1 file .*two\.mkv is not there/,
      /relocate nothing before/
    ],
    [
      "side that no torrent proves",
      sync(({ pooled, terminal }) => {
        for (const [hash, { torrent }] of terminal.torrents.held) {
          if (torrent.contentPath.startsWith(pooled)) terminal.torrents.held.delete(hash)
        }
      }),
      "warning",
      /^paths on the pool: no complete torrent lies in its seeding directories.*one lies at .*one\.mkv/,
      /pathMap is right, save one small torrent there/
    ],
    [
      "incomplete path in force",
      sync(({ terminal }) => {
        const [hash = ""] = terminal.torrents.held.keys()
        terminal.torrents.filings.set(hash, { autoManaged: false, downloadPath: "/stash/incomplete" })
      }),
      "warning",
      /^incomplete path: in force on 1 of 2 torrents looked at \(\/stash\/incomplete\)/,
      /Keep incomplete torrents in/
    ],
    [
      "client that ceases to answer",
      sync(({ terminal }) => {
        terminal.torrents.before = (operation) => {
          if (operation === "categories") terminal.torrents.fail()
        }
      }),
      "problem",
      /^qBittorrent: qBittorrent at http:\/\/memory cannot be read/,
      /Until it answers/
    ],
    [
      "incomplete path for new torrents",
      sync(({ terminal }) => {
        terminal.torrents.preferences = { ...terminal.torrents.preferences, incompletePath: "/stash/incomplete" }
      }),
      "warning",
      /^incomplete path: \/stash\/incomplete for each new torrent: when a recheck fails/,
      /Keep incomplete torrents in/
    ],
    [
      "automatic moves, by default",
      sync(({ terminal }) => {
        const { preferences } = terminal.torrents
        terminal.torrents.preferences = { ...preferences, managesNew: true, followsCategory: true }
      }),
      "warning",
      /^automatic moves: whoever changes a torrent's category moves what is under .*, which every new torrent is: /,
      /Switch torrent to Manual Mode/
    ],
    [
      "recheck on completion",
      sync(({ terminal }) => {
        terminal.torrents.preferences = { ...terminal.torrents.preferences, rechecksComplete: true }
      }),
      "warning",
      /^recheck on completion: is on/,
      /Recheck torrents on completion/
    ],
    [
      "category that saves beside the seeding directories",
      sync(({ stash, terminal }) => void terminal.torrents.categories.set("tv", join(stash.path, "other"))),
      "warning",
      /^category tv: it saves to .*\/other, on the stash and in none of its seedingDirs/,
      /storage\.stash\.seedingDirs/
    ],
    [
      "category whose path is a bind alias of the seeding directory: a move between the two destroys files",
      ({ seeds, terminal }) =>
        Effect.gen(function* () {
          const alias = yield* bindMounted(seeds, join(terminal.root, "alias"))
          terminal.torrents.categories.set("tv", join(alias.path, "tv"))
          terminal.torrents.autoManaged.set("tv", 3)
        }),
      "problem",
      /^category tv: it saves to .*\/alias\/tv, which is .*\/seeding\/tv under another name, with 3 torrents/,
      /Give the category the path .*\/stash\/seeding\/tv/
    ]
  ]
  it.live.each(cases)("%s", ([, spoil, outcome, says, remedy]) =>
    withHost((host) =>
      Effect.gen(function* () {
        yield* spoil(host)
        const { checks, code } = yield* examine(host.terminal)
        const found = checks.filter((check) => check.outcome === outcome && says.test(`${check.name}: ${check.detail}`))
        assert.strictEqual(found.length, 1, JSON.stringify(checks.filter((check) => check.outcome !== "ok")))
        assert.match(found[0]?.remedy ?? "", remedy)
        if (outcome === "problem") assert.strictEqual(code, 1)
      })
    )
  )

  it.live("a btrfs subvolume in a seeding directory, which is in no list of mounts", () =>
    withHost(({ configure, terminal }) =>
      Effect.gen(function* () {
        const { path } = yield* loopMounted("btrfs", join(terminal.root, "btrfs"))
        mkdirSync(join(path, "seeding"))
        yield* subvolume(join(path, "seeding/tv"))
        configure({ stash: { root: path, seedingDirs: [join(path, "seeding")] } })
        const { checks } = yield* examine(terminal)
        const found = checks.filter(({ detail }) => /seeding\/tv in a seeding directory is a filesystem/.test(detail))
        assert.lengthOf(found, 1)
      })
    )
  )
})
