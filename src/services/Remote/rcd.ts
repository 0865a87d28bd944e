import { Data, Effect, Fiber, FileSystem, Path, Ref, Schedule, type Scope, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { Agent, request } from "node:http"
import { outputOf } from "../../platform/Process.ts"
import { RemoteSetupError } from "../Remote.ts"

/** What `rclone rcd` answered instead of a result. */
export class RcError extends Data.TaggedError("RcError")<{ readonly status: number; readonly message: string }> {}

export interface Rcd {
  /** One remote-control call; waits until it is done, however long that is. Interruption drops the connection. */
  call(command: string, input: object): Effect.Effect<unknown, RcError>
  /** Bytes of a remote object through `--rc-serve`; `range` is `[first, last]`, both included. */
  get(
    url: string,
    range: readonly [number, number] | null,
    onChunk: (chunk: Uint8Array) => void
  ): Effect.Effect<void, RcError>
  readonly version: string
  /** Whether the process is gone: no call can succeed any more. */
  readonly hasEnded: () => boolean
}

export interface RcdOptions {
  readonly binary: string
  readonly configFile: string | undefined
  readonly bandwidth: string | undefined
  readonly transfers: number
  /** Bytes from which a file is sent in parts. */
  readonly cutoff: number
  readonly environment: Readonly<Record<string, string | undefined>>
}

const decoder = new TextDecoder()
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** What rclone may see of our environment: where it finds itself and its remotes, never what would open its control. */
const environmentFor = (options: RcdOptions): Record<string, string> => {
  const environment: Record<string, string> = { LC_ALL: "C.UTF-8" }
  for (const [key, value] of Object.entries(options.environment)) {
    if (value === undefined) continue
    const own = key.startsWith("RCLONE_") && !key.startsWith("RCLONE_RC") && key !== "RCLONE_CONFIG"
    if (
      own ||
      [
        "PATH",
        "HOME",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "TMPDIR",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NO_PROXY"
      ].includes(key)
    ) {
      environment[key] = value
    }
  }
  if (options.configFile !== undefined) environment["RCLONE_CONFIG"] = options.configFile
  return environment
}

const argumentsFor = (options: RcdOptions, socket: string): Array<string> => [
  "rcd",
  `--rc-addr=unix://${socket}`,
  // On a socket in a private directory; without it rclone refuses every call that touches a remote.
  "--rc-no-auth",
  "--rc-serve",
  "--rc-server-read-timeout=8760h",
  "--rc-server-write-timeout=8760h",
  "--ask-password=false",
  "--fast-list",
  // We list before and after ourselves; a check of ours in rclone would be a billed call a file.
  "--no-check-dest",
  "--no-unicode-normalization",
  "--ignore-checksum=false",
  "--low-level-retries=4",
  "--stats=0",
  `--transfers=${options.transfers}`,
  `--checkers=${options.transfers * 2}`,
  // Above the cutoff parts are read from the file as they are sent: without this each waits in memory.
  `--multi-thread-cutoff=${options.cutoff}B`,
  "--multi-thread-streams=4",
  `--b2-upload-cutoff=${options.cutoff}B`,
  // rclone's own 96 MiB, and never more than the cutoff, which it would refuse.
  `--b2-chunk-size=${Math.min(options.cutoff, 96 * 1024 * 1024)}B`,
  `--buffer-size=0`,
  ...(options.bandwidth === undefined ? [] : [`--bwlimit=${options.bandwidth}`])
]

const exchange = (
  agent: Agent,
  socketPath: string,
  target: {
    readonly method: string
    readonly path: string
    readonly body?: string
    readonly headers?: Record<string, string>
  },
  onChunk: (chunk: Uint8Array) => void
) =>
  Effect.callback<number, RcError>((resume) => {
    const fail = (cause: Error) =>
      resume(Effect.fail(new RcError({ status: 0, message: `rclone does not answer: ${cause.message}` })))
    const outgoing = request(
      {
        agent,
        socketPath,
        method: target.method,
        path: target.path,
        headers: {
          host: "rclone",
          ...target.headers,
          ...(target.body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(target.body) })
        }
      },
      (incoming) => {
        incoming.on("data", onChunk)
        incoming.on("end", () => resume(Effect.succeed(incoming.statusCode ?? 0)))
        incoming.on("aborted", () => fail(new Error("it ended in the middle of an answer")))
        incoming.on("error", fail)
      }
    )
    outgoing.on("error", fail)
    outgoing.end(target.body)
    return Effect.sync(() => outgoing.destroy())
  })

const client = (socket: string, version: string, hasEnded: () => boolean): Effect.Effect<Rcd, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Agent({ keepAlive: true, maxSockets: 256 })),
      (agent) => Effect.sync(() => agent.destroy())
    ),
    (agent) => ({
      version,
      hasEnded,
      call: Effect.fnUntraced(function* (command: string, input: object) {
        const chunks: Array<Uint8Array> = []
        const status = yield* exchange(
          agent,
          socket,
          { method: "POST", path: `/${command}`, body: JSON.stringify(input) },
          (chunk) => chunks.push(chunk)
        )
        const text = decoder.decode(Buffer.concat(chunks))
        const answer = yield* Effect.try({
          try: (): unknown => JSON.parse(text),
          catch: () => new RcError({ status, message: `rclone answered ${status} and no JSON: ${text.slice(0, 200)}` })
        })
        if (status === 200) return answer
        const message = isRecord(answer) && typeof answer["error"] === "string" ? answer["error"] : text.slice(0, 300)
        return yield* new RcError({ status, message })
      }),
      get: Effect.fnUntraced(function* (url, range, onChunk) {
        let failure = ""
        let status = 0
        const headers: Record<string, string> = range === null ? {} : { range: `bytes=${range[0]}-${range[1]}` }
        status = yield* exchange(agent, socket, { method: "GET", path: url, headers }, onChunk)
        if (status !== 200 && status !== 206) failure = `reading back answered ${status}`
        if (status === 200 && range !== null) failure = "the remote ignores ranges"
        if (failure !== "") return yield* new RcError({ status, message: failure })
      })
    })
  )

const minimum = [1, 69] as const

const isTooOld = (major: number, minor: number) => major < minimum[0] || (major === minimum[0] && minor < minimum[1])

/** Starts `rclone rcd` on a socket in a private directory. It ends with the scope, and with us if we are killed. */
export const start = Effect.fn("rclone.start")(function* (options: RcdOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "media-pipeline-rclone-" }).pipe(Effect.orDie)
  yield* fs.chmod(directory, 0o700).pipe(Effect.orDie)
  const socket = path.join(directory, "rc")
  const missing = (why: string) =>
    new RemoteSetupError({
      why,
      remedy: "Install rclone 1.69 or newer and put it on PATH"
    })
  // A killed worker must not leave an uploader behind; SIGTERM lets rclone cancel what it has begun.
  const handle = yield* spawner
    .spawn(
      ChildProcess.make("setpriv", ["--pdeathsig", "TERM", options.binary, ...argumentsFor(options, socket)], {
        stdin: "ignore",
        stdout: "ignore",
        env: environmentFor(options),
        forceKillAfter: "15 seconds"
      })
    )
    .pipe(Effect.mapError((error) => missing(`rclone cannot be started (${error.message})`)))
  const tail = yield* Ref.make<ReadonlyArray<string>>([])
  const drain = yield* handle.stderr.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((line) =>
      Effect.andThen(
        Effect.logDebug(line),
        Ref.update(tail, (lines) => [...lines, line].slice(-8))
      )
    ),
    Effect.ignore,
    Effect.forkScoped
  )
  let isGone = false
  const gone = yield* Effect.exit(handle.exitCode).pipe(
    Effect.andThen(Effect.sync(() => void (isGone = true))),
    Effect.forkScoped
  )
  const probe = yield* client(socket, "", () => isGone)
  const ended = Effect.gen(function* () {
    yield* Fiber.join(gone)
    yield* Fiber.join(drain)
    const lines = (yield* Ref.get(tail)).join(" | ")
    // One that is too old does not get as far as telling its version.
    const told = yield* Effect.orElseSucceed(outputOf(options.binary, ["version"]), () => "")
    const [, version = "", major = "", minor = ""] = /rclone (v(\d+)\.(\d+)\S*)/.exec(told) ?? []
    if (version !== "" && isTooOld(Number(major), Number(minor))) {
      return yield* missing(`rclone ${version} is too old`)
    }
    return yield* missing(`rclone ended at once (${lines === "" ? "no message" : lines})`)
  })
  const answer = yield* probe.call("core/version", {}).pipe(
    Effect.retry({ times: 1000, schedule: Schedule.spaced("10 millis") }),
    Effect.mapError((error) => missing(error.message)),
    Effect.raceFirst(ended)
  )
  const version = isRecord(answer) && typeof answer["version"] === "string" ? answer["version"] : "unknown"
  const numbers = isRecord(answer) && Array.isArray(answer["decomposed"]) ? answer["decomposed"].map(Number) : []
  const [major = 0, minor = 0] = numbers
  if (isTooOld(major, minor)) {
    return yield* missing(`rclone ${version} is too old`)
  }
  return yield* client(socket, version, () => isGone)
})
