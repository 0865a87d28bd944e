import { Clock, Data, Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import * as Fence from "../../domain/fence.ts"
import { hashIn, type ItemFile } from "../../domain/items.ts"
import { display } from "../../platform/BytePath.ts"
import { Disk } from "../../services/Disk.ts"
import { Remote, type RemoteFile, type RemoteInfo } from "../../services/Remote.ts"
import type { Sent } from "./send.ts"

/** What lies on the remote is not what is on the disk. It is uploaded again; nothing here is released. */
export class Unproven extends Data.TaggedError("Unproven")<{ readonly remote: string; readonly why: string }> {
  override get message() {
    return `${display(this.remote)} is not proven: ${this.why}; it will be sent again`
  }
}

const sampleBytes = 256 * 1024
const samplesInside = 2

/** Both ends and a few places between, another choice in each run. */
export const sampleOffsets = (size: number, random: () => number): ReadonlyArray<number> => {
  const last = Math.max(0, size - sampleBytes)
  const inside = Array.from({ length: samplesInside }, () => Math.floor(random() * (last + 1)))
  return [...new Set([0, ...inside, last])].toSorted((a, b) => a - b)
}

const compareSamples = Effect.fnUntraced(function* (file: ItemFile, source: string) {
  const disk = yield* Disk
  const remote = yield* Remote
  const compareAt = Effect.fnUntraced(function* (offset: number) {
    const length = Math.min(sampleBytes, file.size - offset)
    const both = [disk.read(source, offset, length), remote.read(file.remote, offset, length)] as const
    const [here, there] = yield* Effect.all(both, { concurrency: 2 })
    if (Buffer.compare(here, there) === 0) return
    return yield* new Unproven({
      remote: file.remote,
      why: `its bytes differ from ours within ${length} bytes at ${offset}`
    })
  })
  yield* Effect.forEach(sampleOffsets(file.size, Math.random), compareAt, { concurrency: 4, discard: true })
})

const readAllBack = Effect.fnUntraced(function* (file: ItemFile) {
  const remote = yield* Remote
  const theirs = yield* remote.readBack(file.remote, "sha1")
  if (theirs !== file.sha1) {
    return yield* new Unproven({ remote: file.remote, why: `reading it back gives ${theirs}, ours is ${file.sha1}` })
  }
})

/** B2 takes parts from this size on (bytes), and then believes the sender's word for the hash of the whole. */
const smallestPart = 5_000_000

const claimedFrom = ({ found }: Sent, info: RemoteInfo): number =>
  found && info.claimedFrom !== Infinity ? Math.min(info.claimedFrom, smallestPart) : info.claimedFrom

/** How sure the remote's own word makes us, and what must be read back because of that. */
const needed = (sent: Sent, info: RemoteInfo, verify: "metadata" | "sampled" | "readback") => {
  if (sent.file.size === 0) return "nothing"
  const claim = info.hash === null || sent.file.size >= claimedFrom(sent, info)
  if (verify === "readback") return "all"
  if (!claim) return "nothing"
  if (sent.suspect) return "all"
  return verify === "sampled" ? "samples" : "nothing"
}

/**
 * Proves one file: it is on the remote with our size and our hash; where that hash is only what the uploader claimed,
 * or there is none, also by its bytes. Ends with the fence once more.
 */
export const prove = Effect.fnUntraced(function* (
  sent: Sent,
  source: string,
  listed: RemoteFile | undefined,
  info: RemoteInfo
) {
  const { upload } = yield* AppConfig
  const disk = yield* Disk
  const { file } = sent
  const unproven = (why: string) => new Unproven({ remote: file.remote, why })
  if (listed === undefined) return yield* unproven("it is not there after the upload")
  if (listed.size !== file.size) return yield* unproven(`it has ${listed.size} bytes there, ${file.size} here`)
  const ours = hashIn(file, info.hash)
  if (info.hash !== null && listed.hash !== null && listed.hash !== ours) {
    return yield* unproven(`its ${info.hash} there is ${listed.hash}, ours is ${ours}`)
  }
  const known = info.hash !== null && listed.hash !== null
  const need = needed(sent, known ? info : { ...info, hash: null }, upload.verify)
  if (need === "samples") yield* compareSamples(file, source)
  if (need === "all") yield* readAllBack(file)
  const after = yield* disk.stat(source)
  if (after._tag !== "Known" || Fence.compare(file.fence, after.value.fence) === "changed") {
    return yield* unproven("the local file was written to before the proof was complete")
  }
  const word = known ? (file.size >= claimedFrom(sent, info) ? "claim" : "hash") : "size"
  const proof = need === "nothing" ? word : `${word}+${need === "all" ? "readback" : "samples"}`
  return { ...file, state: "verified", proof, verifiedAt: yield* Clock.currentTimeMillis } satisfies ItemFile
})
