import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import { pbkdf2Sync } from "node:crypto"
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { login } from "../real/qbittorrent-api.ts"
import { hasQbittorrent, type Qbittorrent, type QbittorrentOptions, startQbittorrent } from "../real/qbittorrent.ts"

const script = join(import.meta.dirname, "../../nix/scripts/qbittorrent-password.mjs")

const folderOf = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "qbittorrent-password-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

interface Options {
  readonly credentials?: string
  readonly uid?: number
  /** Command that the whole is run by. */
  readonly under?: ReadonlyArray<string>
  readonly flags?: ReadonlyArray<string>
}

const run = (args: ReadonlyArray<string>, { credentials, flags = ["--jitless"], uid, under = [] }: Options = {}) => {
  const [program = "", ...rest] = [...under, process.execPath, ...flags, script, ...args]
  const { status, stderr, stdout } = spawnSync(program, rest, {
    encoding: "utf8",
    env: {
      ...(process.env["PATH"] === undefined ? {} : { PATH: process.env["PATH"] }),
      ...(credentials === undefined ? {} : { CREDENTIALS_DIRECTORY: credentials })
    },
    ...(uid === undefined ? {} : { uid, gid: uid })
  })
  return { code: status, stderr, stdout }
}

const done = { code: 0, stderr: "", stdout: "" }

const rig = Effect.map(folderOf, (folder) => {
  const conf = join(folder, "config/qBittorrent.conf")
  const passwordFile = join(folder, "qbittorrent.passwordFile")
  mkdirSync(join(folder, "config"))
  return {
    folder,
    conf,
    passwordFile,
    write: (text: string | Buffer, password: string | Buffer = "s3cret\n") => {
      writeFileSync(conf, text)
      writeFileSync(passwordFile, password)
    },
    read: () => readFileSync(conf, "latin1"),
    set: (...args: ReadonlyArray<string>) => run([conf, "--password-file", passwordFile, ...args])
  }
})

const line = /^WebUI\\Password_PBKDF2="@ByteArray\(([A-Za-z0-9+/]{22}==):([A-Za-z0-9+/]{86}==)\)"$/

/** Whether the one line of the text that sets a password sets this one. */
const isPasswordOf = (text: string, password: string): boolean => {
  const set = text.split("\n").filter((one) => one.startsWith("WebUI\\Password_PBKDF2"))
  const match = line.exec(set[0] ?? "")
  if (set.length !== 1 || match === null) return false
  const salt = Buffer.from(match[1] ?? "", "base64")
  return match[2] === pbkdf2Sync(password, salt, 100_000, 64, "sha512").toString("base64")
}

const others = (text: string) => text.split("\n").filter((one) => !one.startsWith("WebUI\\Password_PBKDF2"))

describe("the password of qBittorrent.conf", () => {
  it.live("is put into [Preferences], and every other byte stays", () =>
    Effect.gen(function* () {
      const { read, set, write } = yield* rig
      const latin1 = (text: string) => Buffer.from(text, "latin1")
      const before = [
        "[AutoRun]",
        'program=/bin/x \\"%K\\" \xff\xfe',
        "WebUI\\Other=of another section",
        "",
        "; a comment = with WebUI",
        "[Preferences]",
        "WebUI\\Port=8080",
        "WebUI\\Password_PBKDF2_Not=this",
        "General\\Locale=\xe2\x82\xac",
        "  spaces = kept  ",
        "",
        "[Meta]",
        "MigrationVersion=8",
        ""
      ].join("\n")
      write(latin1(before))
      assert.deepStrictEqual(set(), done)
      const after = read()
      assert.strictEqual(others(after).join("\n"), before.replace("WebUI\\Password_PBKDF2_Not=this\n", ""))
      assert.include(after, "\n[Preferences]\nWebUI\\Password_PBKDF2=")
      assert.include(after, "\nWebUI\\Password_PBKDF2_Not=this\n")
    })
  )

  it.live("takes the place of an older one, with another salt each time", () =>
    Effect.gen(function* () {
      const { passwordFile, read, set, write } = yield* rig
      const old = 'WebUI\\Password_PBKDF2="@ByteArray(old:older)"'
      write(`[Preferences]\n${old}\nA=1\n WebUI\\Password_PBKDF2 = again\n[Other]\n${old.replace("WebUI", "Mine")}\n`)
      set()
      const first = read()
      assert.isTrue(isPasswordOf(first, "s3cret"), first)
      assert.deepStrictEqual(others(first), ["[Preferences]", "A=1", "[Other]", old.replace("WebUI", "Mine"), ""])
      set()
      assert.notStrictEqual(read(), first)
      writeFileSync(passwordFile, 'pässwörd “&+%=: \\"')
      set()
      assert.isTrue(isPasswordOf(read(), 'pässwörd “&+%=: \\"'))
      assert.deepStrictEqual(others(read()), others(first))
    })
  )

  it.live("makes the section where there is none", () =>
    Effect.gen(function* () {
      const { read, set, write } = yield* rig
      for (const before of ["", "[LegalNotice]\nAccepted=true", "[LegalNotice]\nAccepted=true\n\n"]) {
        write(before)
        assert.deepStrictEqual(set("--username", 'a"\\ü1'), done)
        assert.isTrue(isPasswordOf(read(), "s3cret"))
        assert.deepStrictEqual(others(read()), [
          ...(before === "" ? [] : ["[LegalNotice]", "Accepted=true"]),
          "[Preferences]",
          'WebUI\\Username="a\\"\\\\\\xfc\\x31"',
          ""
        ])
      }
    })
  )

  it.live("comes from the unit's credential, and leaves mode, owner and links alone", () =>
    Effect.gen(function* () {
      const { conf, folder, read, write } = yield* rig
      write("[Preferences]\n")
      chmodSync(conf, 0o640)
      if (process.getuid?.() === 0) chownSync(conf, 1234, 5678)
      const owner = ({ gid, mode, uid }: { gid: number; mode: number; uid: number }) => [uid, gid, mode]
      const before = owner(statSync(conf))
      const link = join(folder, "link.conf")
      symlinkSync(conf, link)
      writeFileSync(join(folder, "config/.qBittorrent.conf.media-pipeline"), "of a run that was killed")
      assert.deepStrictEqual(run([link], { credentials: folder }), done)
      assert.isTrue(isPasswordOf(read(), "s3cret"))
      assert.deepStrictEqual(owner(statSync(conf)), before)
      assert.isTrue(lstatSync(link).isSymbolicLink())
      assert.deepStrictEqual(readdirSync(join(folder, "config")), ["qBittorrent.conf"])
    })
  )

  it.live("is not set, and nothing changed, where it or the file is unusable; it is never shown", () =>
    Effect.gen(function* () {
      const { conf, folder, passwordFile, read, set, write } = yield* rig
      const text = "[Preferences]\nA=1\n"
      const passwords: ReadonlyArray<readonly [string | Buffer, RegExp]> = [
        ["", /is empty/],
        ["\n", /is empty/],
        ["secret\nsecond", /alone, on one line/],
        ["secret\n\n", /alone, on one line/],
        [Buffer.from([0x73, 0xff, 0x0a]), /is not UTF-8/]
      ]
      for (const [password, says] of passwords) {
        write(text, password)
        const { code, stderr } = set()
        assert.strictEqual(code, 78)
        assert.match(stderr, says)
        assert.notInclude(stderr, "secret")
        assert.strictEqual(read(), text)
      }
      write(text)
      rmSync(passwordFile)
      assert.deepInclude(set(), { code: 78, stdout: "" })
      assert.match(run([conf], { credentials: folder }).stderr, /cannot be read \(ENOENT\)/)
      assert.match(run([conf]).stderr, /LoadCredential/)
      for (const args of [[], [conf, "more"], ["--nonsense", conf], [conf, "--password-file"]]) {
        assert.strictEqual(run(args).code, 64, args.join(" "))
      }
      write(text)
      assert.match(
        run([join(folder, "none"), "--password-file", passwordFile]).stderr,
        /none cannot be rewritten \(ENOENT\)/
      )
      assert.strictEqual(run([join(folder, "none"), "--password-file", passwordFile]).code, 75)
      assert.strictEqual(run([folder, "--password-file", passwordFile]).code, 75)
      assert.deepStrictEqual(readdirSync(folder).toSorted(), ["config", "qbittorrent.passwordFile"])
      mkdirSync(join(folder, "config/.qBittorrent.conf.media-pipeline"))
      assert.strictEqual(set().code, 75)
      assert.strictEqual(read(), text)
    })
  )

  // systemd's MemoryDenyWriteExecute=, as its PR_SET_MDWE; the number of prctl is the architecture's.
  it.live("is set in the sandbox of nixpkgs' unit, where Node can run without a JIT only", () =>
    Effect.gen(function* () {
      const { conf, passwordFile, read, write } = yield* rig
      const prctl = process.arch === "arm64" ? 167 : 157
      const perl = `syscall(${prctl}, 65, 1, 0, 0, 0) == 0 or die "PR_SET_MDWE: $!"; exec @ARGV or die "$!"`
      const under = ["perl", "-e", perl]
      assert.strictEqual(
        execFileSync("perl", ["-e", `${perl}`, "echo", "perl is needed here"], { encoding: "utf8" }),
        "perl is needed here\n"
      )
      const args = [conf, "--password-file", passwordFile]
      write("[Preferences]\n")
      assert.deepStrictEqual(run(args, { under }), done)
      assert.isTrue(isPasswordOf(read(), "s3cret"))
      assert.notStrictEqual(run(args, { under, flags: [] }).code, 0, "the sandbox is not in force")
    })
  )
})

const quote = (arg: string) => `'${arg.replaceAll("'", "'\\''")}'`

/** Starts it with the script run on its configuration in between, as the unit does. */
const startWithScript = (options: QbittorrentOptions & { readonly profileDir: string }, args: ReadonlyArray<string>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const variable = `QBITTORRENT_${options.version}`
      const real = process.env[variable]
      const program = join(options.profileDir, "start")
      const conf = join(options.profileDir, "qBittorrent/config/qBittorrent.conf")
      const prepare = [process.execPath, "--jitless", script, conf, ...args].map(quote).join(" ")
      const start = quote(real ?? `qbittorrent-nox-${options.version}`)
      writeFileSync(program, `#!/bin/sh\nset -e\n${prepare}\nexec ${start} "$@"\n`, { mode: 0o755 })
      process.env[variable] = program
      return { variable, real }
    }),
    () => startQbittorrent(options),
    ({ real, variable }) =>
      Effect.sync(() => {
        if (real === undefined) delete process.env[variable]
        else process.env[variable] = real
      })
  )

const preferencesOf = (client: Qbittorrent) =>
  Effect.map(client.api.get("app/preferences"), ({ text }) => {
    const preferences: unknown = JSON.parse(text)
    if (typeof preferences !== "object" || preferences === null) throw new Error("no preferences")
    return Object.fromEntries(
      Object.entries(preferences).filter(([key]) => !/^(?:web_ui_port|(?:ssl_)?listen_port)$/.test(key))
    )
  })

describe.each([4, 5] as const)("qBittorrent %i", (version) => {
  it.live.skipIf(!hasQbittorrent(version))(
    "takes the password and the name that were set, no others, and is else the same",
    () =>
      Effect.gen(function* () {
        const folder = yield* folderOf
        const passwordFile = join(folder, "password")
        const password = 'pässwörd “&+%=: \\" 1'
        writeFileSync(passwordFile, `${password}\n`)
        const profile = (name: string) => {
          mkdirSync(join(folder, name))
          return join(folder, name)
        }
        const options = {
          version,
          savePath: join(folder, "sävé"),
          tempPath: join(folder, "ü"),
          autorun: 'echo "%N" ü',
          // Let in without a password, for the harness; a log-in is asked for right after.
          bypassLocalhost: true
        }
        const plain = yield* startQbittorrent({ ...options, profileDir: profile("plain") })
        const args = ["--password-file", passwordFile, "--username", 'ä"dmin']
        const client = yield* startWithScript({ ...options, profileDir: profile("set") }, args)
        assert.deepStrictEqual(yield* preferencesOf(client), {
          ...(yield* preferencesOf(plain)),
          web_ui_username: 'ä"dmin'
        })
        const forbid = { bypass_local_auth: false }
        yield* client.api.post("app/setPreferences", { json: JSON.stringify(forbid) })
        assert.property(yield* login(client.url, 'ä"dmin', password), "cookie")
        for (const [name, wrong] of [
          ['ä"dmin', "wrong"],
          ['ä"dmin', client.password],
          ["admin", password]
        ] as const) {
          const refused = yield* Effect.flip(login(client.url, name, wrong))
          assert.deepStrictEqual(
            [refused.status, refused.body],
            version === 4 ? [200, "Fails."] : [401, "Unauthorized"]
          )
        }
      })
  )
})
