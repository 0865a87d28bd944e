#!/usr/bin/env -S node --jitless
// Usage: qbittorrent-password CONF [--password-file FILE] [--username NAME]
//
// Puts the Web UI's password into qBittorrent.conf, as the hash that qBittorrent keeps. The password is read from FILE,
// by default from the systemd credential qbittorrent.passwordFile. Runs before each start of qbittorrent.service, after
// nixpkgs has written CONF from the store, where no secret may be.
//
// That unit forbids writable code pages, so Node has to be started with --jitless.
// Exit codes: 0 done; 64 a wrong call; 75 CONF cannot be read or written; 78 there is no usable password.

import { pbkdf2Sync, randomBytes } from "node:crypto"
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { basename, dirname, join } from "node:path"
import { parseArgs } from "node:util"

class Failure extends Error {
  constructor(code, message) {
    super(message)
    this.code = code
  }
}

const reasonOf = (error) => error.code ?? error.message

const argumentsOf = () => {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { "password-file": { type: "string" }, username: { type: "string" } }
    })
    if (positionals.length !== 1) throw new Error("give qBittorrent.conf, and nothing else")
    return { conf: positionals[0], passwordFile: values["password-file"], username: values.username }
  } catch (error) {
    throw new Failure(64, `${error.message}: qbittorrent-password CONF [--password-file FILE] [--username NAME]`)
  }
}

/** The file's text without the newline that editors put at its end, as the worker reads it. */
const readPassword = (given) => {
  const { CREDENTIALS_DIRECTORY: credentials } = process.env
  const file = given ?? (credentials === undefined ? undefined : join(credentials, "qbittorrent.passwordFile"))
  if (file === undefined) {
    throw new Failure(
      78,
      "there is no password: give --password-file, or the unit LoadCredential=qbittorrent.passwordFile"
    )
  }
  let bytes
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw new Failure(78, `the password file ${file} cannot be read (${reasonOf(error)})`)
  }
  let password
  try {
    password = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, "")
  } catch {
    throw new Failure(78, `the password file ${file} is not UTF-8 text`)
  }
  if (password === "") throw new Failure(78, `the password file ${file} is empty`)
  if (/[\r\n\0]/.test(password))
    throw new Failure(78, `the password file ${file} must hold the password alone, on one line`)
  return password
}

/** What qBittorrent's own dialogue would store. */
const hashed = (password) => {
  const salt = randomBytes(16)
  const key = pbkdf2Sync(password, salt, 100_000, 64, "sha512")
  return `"@ByteArray(${salt.toString("base64")}:${key.toString("base64")})"`
}

/** Qt's ini escapes: UTF-16 units as \xHHHH, and a hex digit after one escaped as well, since Qt reads on greedily. */
const quoted = (value) => {
  let afterEscape = false
  let result = ""
  for (let index = 0; index < value.length; index++) {
    const unit = value.charAt(index)
    const code = value.charCodeAt(index)
    if (code < 0x20 || code > 0x7e || (afterEscape && /[0-9a-fA-F]/.test(unit))) {
      result += `\\x${code.toString(16)}`
      afterEscape = true
    } else {
      result += unit === "\\" || unit === '"' ? `\\${unit}` : unit
      afterEscape = false
    }
  }
  return `"${result}"`
}

const section = /^\s*\[(.*)\]\s*$/

/** The lines with these keys of [Preferences] set, each once; all the others as they were, byte by byte. */
const withPreferences = (text, entries) => {
  const names = new Set(entries.map(([name]) => name))
  let inside = false
  const kept = text.split("\n").filter((line) => {
    const header = section.exec(line)
    if (header !== null) inside = header[1] === "Preferences"
    return !inside || !names.has(line.slice(0, Math.max(0, line.indexOf("="))).trim())
  })
  const added = entries.map(([name, value]) => `${name}=${value}`)
  const at = kept.findIndex((line) => section.exec(line)?.[1] === "Preferences")
  if (at >= 0) return kept.toSpliced(at + 1, 0, ...added).join("\n")
  while (kept.at(-1) === "") kept.pop()
  return [...kept, "[Preferences]", ...added, ""].join("\n")
}

/** Readers see the old file or the new one. Its mode and its owner stay. */
const replace = (path, bytes) => {
  const { gid, mode, uid } = statSync(path)
  // One name, so that what a crash leaves is not left twice.
  const temporary = join(dirname(path), `.${basename(path)}.media-pipeline`)
  rmSync(temporary, { force: true })
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
  const file = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    try {
      if (uid !== process.getuid() || gid !== process.getgid()) fchownSync(file, uid, gid)
      fchmodSync(file, mode & 0o7777)
      writeFileSync(file, bytes)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

try {
  const { conf, passwordFile, username } = argumentsOf()
  const entries = [["WebUI\\Password_PBKDF2", hashed(readPassword(passwordFile))]]
  if (username !== undefined) entries.unshift(["WebUI\\Username", quoted(username)])
  try {
    const path = realpathSync(conf)
    // latin1 carries every byte there and back.
    replace(path, Buffer.from(withPreferences(readFileSync(path, "latin1"), entries), "latin1"))
  } catch (error) {
    throw new Failure(75, `${conf} cannot be rewritten (${reasonOf(error)})`)
  }
} catch (error) {
  if (!(error instanceof Failure)) throw error
  process.stderr.write(`qbittorrent-password: ${error.message}\n`)
  process.exitCode = error.code
}
