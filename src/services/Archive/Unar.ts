import { Effect, Schema } from "effect"
import type { ArchiveEntry, EntryKind } from "../../domain/archives.ts"
import { Damaged, PasswordNeeded, Unsupported, VolumesMissing } from "../Archive.ts"
import type { Extractor, Reason, Target } from "./Extractor.ts"
import { type Environment, type Finished, run } from "./Programs.ts"

const listingBytes = 96 * 1024 ** 2
const messageBytes = 64 * 1024

const Flag = Schema.optionalKey(Schema.Finite)

const Member = Schema.Struct({
  XADFileName: Schema.String,
  XADIndex: Schema.Int,
  XADFileSize: Schema.optionalKey(Schema.Finite),
  XADIsDirectory: Flag,
  XADIsLink: Flag,
  XADIsHardLink: Flag,
  XADIsFIFO: Flag,
  XADIsCharacterDevice: Flag,
  XADIsBlockDevice: Flag,
  XADIsResourceFork: Flag,
  XADIsEncrypted: Flag,
  XADCompressionName: Schema.optionalKey(Schema.String),
  RARCRC32: Flag,
  RAR5CRC32: Flag,
  ZipCRC32: Flag,
  "7zCRC32": Flag
})

const Output = Schema.fromJsonString(
  Schema.Struct({
    lsarContents: Schema.optionalKey(Schema.Array(Member)),
    lsarFormatName: Schema.optionalKey(Schema.String),
    lsarError: Flag,
    lsarProperties: Schema.optionalKey(Schema.Struct({ XADVolumeScanningFailed: Flag, XADIsEncrypted: Flag }))
  })
)

const decodeOutput = Schema.decodeUnknownEffect(Output)

const kindOf = (member: typeof Member.Type): EntryKind =>
  member.XADIsDirectory === 1
    ? "directory"
    : member.XADIsHardLink === 1
      ? "hardlink"
      : member.XADIsLink === 1
        ? "symlink"
        : member.XADIsFIFO === 1
          ? "fifo"
          : member.XADIsCharacterDevice === 1 || member.XADIsBlockDevice === 1
            ? "device"
            : member.XADIsResourceFork === 1
              ? "other"
              : "file"

const entryOf = (member: typeof Member.Type, format: string): ArchiveEntry => ({
  path: member.XADFileName,
  kind: kindOf(member),
  size: member.XADFileSize,
  crc32: member.RAR5CRC32 ?? member.RARCRC32 ?? member.ZipCRC32 ?? member["7zCRC32"],
  encrypted: member.XADIsEncrypted === 1,
  rarCompressed: format.startsWith("RAR") && member.XADCompressionName !== "None",
  index: member.XADIndex
})

const reasonOf = (finished: Finished, password: string | undefined): Reason | undefined => {
  if (finished.code === 0) return undefined
  const text = `${finished.stdout.subarray(0, messageBytes).toString("utf8")}\n${finished.stderr}`
  const lines = text.split("\n").map((line) => line.trim())
  const detail = lines.filter((line) => /fail|corrupt|couldn't|could not|error|password/i.test(line)).slice(0, 3)
  if (/password/i.test(text)) return new PasswordNeeded({ tried: password === undefined ? 0 : 1 })
  if (/Couldn't recognize the archive format|not supported/i.test(text))
    return new Unsupported({ detail: detail.join("; ") || "unar does not know this format" })
  return new Damaged({ detail: detail.join("; ") || `unar ended with ${finished.code ?? "a signal"}` })
}

/**
 * Neither program takes a password from anywhere but its command line (stdin is only read on a terminal, where it
 * prompts), so for archives that 7-Zip cannot decrypt the password can be seen in the process list while they run.
 */
const passwordArgs = (password: string | undefined) => (password === undefined ? [] : ["-p", password])

export const make = (
  programs: { readonly unar: string; readonly lsar: string },
  environment: Environment
): Extractor => {
  // A compressed tar is one archive to people; any other archive inside is opened by us, or not at all.
  const depth = (target: Target) => (target.compressedTar ? [] : ["-nr"])
  return {
    list: Effect.fnUntraced(function* (target, password) {
      const args = ["-j", ...depth(target), ...passwordArgs(password), target.path]
      const finished = yield* run({ program: programs.lsar, args, keep: listingBytes }, environment)
      if (finished.overflow) return yield* new Unsupported({ detail: "its listing is too long" })
      const output = yield* decodeOutput(finished.stdout.toString("utf8")).pipe(
        Effect.mapError(() => reasonOf(finished, password) ?? new Unsupported({ detail: "lsar's listing is not JSON" }))
      )
      // The one sign of a volume that is missing at a file's boundary: exit codes are 0.
      if (output.lsarProperties?.XADVolumeScanningFailed === 1) return yield* new VolumesMissing({ missing: [] })
      if (output.lsarFormatName === undefined || output.lsarContents === undefined)
        return yield* new Unsupported({ detail: "unar does not know this format" })
      const reason = reasonOf(finished, password)
      if (reason !== undefined) return yield* Effect.fail(reason)
      const format = output.lsarFormatName
      return output.lsarContents.map((member) => entryOf(member, format))
    }),
    extract: Effect.fnUntraced(function* (target, into, entries, password) {
      const special = entries.some(({ kind }) => kind !== "file" && kind !== "directory")
      const wanted = entries.filter(({ kind }) => kind === "file").map(({ index }) => String(index))
      const args = ["-q", "-D", "-f", "-k", "skip", ...depth(target), ...passwordArgs(password), "-o", into]
      const selection = special ? ["-i", target.path, ...wanted] : [target.path]
      const finished = yield* run(
        { program: programs.unar, args: [...args, ...selection], keep: messageBytes },
        environment
      )
      const reason = reasonOf(finished, password)
      if (reason !== undefined) return yield* Effect.fail(reason)
    })
  }
}
