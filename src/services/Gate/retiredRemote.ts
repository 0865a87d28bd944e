import { Effect, Option } from "effect"
import type { RetiredRemote, RetiredRemoteFile } from "../../domain/deletionRetiredRemote.ts"
import { Remote } from "../Remote.ts"
import { type Tally, tally } from "./local.ts"

/** What lies there now is what we put there: of this size, and of our hash where the remote tells one. */
const isOurs = (
  { hash, size }: RetiredRemoteFile,
  there: { readonly size: number; readonly hash: string | null }
): boolean => there.size === size && (there.hash === null || there.hash === hash)

/** Versions of one name, all ours, that are taken away at most: an upload that was repeated leaves one each time. */
const mostVersions = 10

const removeFile = Effect.fnUntraced(function* (mode: RetiredRemote["mode"], file: RetiredRemoteFile, done: Tally) {
  const remote = yield* Remote
  for (let version = 0; version < mostVersions; version++) {
    const there = yield* remote.stat(file.path)
    if (Option.isNone(there)) return
    if (!isOurs(file, there.value)) {
      const why = version === 0 ? "it is not what we put there" : "an older version of it is there, which is not ours"
      done.left.push({ path: file.path, why })
      return
    }
    yield* remote.remove(file.path, mode)
    done.files += 1
    if (version === 0) done.bytes += file.size
  }
  if (Option.isSome(yield* remote.stat(file.path))) {
    done.left.push({ path: file.path, why: "it is still there" })
  }
})

/** Looks at each file again, takes it away, and looks whether it has gone. */
export const removeRemote = Effect.fnUntraced(function* (evidence: RetiredRemote) {
  const done = tally()
  for (const file of evidence.files) yield* removeFile(evidence.mode, file, done)
  return done
})
