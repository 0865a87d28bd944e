import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Remote } from "../../src/services/Remote.ts"
import { B2Emulator } from "../fakes/b2/emulator.ts"
import { Bench, withRemote } from "./remote-rig.ts"

const versionsOf = async (b2: B2Emulator, name: string) => {
  const authorized = await fetch(`${b2.url}/b2api/v4/b2_authorize_account`, {
    headers: { authorization: `Basic ${Buffer.from(`${b2.account}:${b2.key}`).toString("base64")}` }
  })
  const token = /"authorizationToken":\s*"([^"]+)"/.exec(await authorized.text())?.[1] ?? ""
  const call = async (which: string, body: object) => {
    const init = { method: "POST", headers: { authorization: token }, body: JSON.stringify(body) }
    return (await fetch(`${b2.url}/b2api/v1/${which}`, init)).text()
  }
  const buckets = await call("b2_list_buckets", { accountId: b2.account, bucketName: b2.bucket })
  const bucketId = /"bucketId":\s*"([^"]+)"/.exec(buckets)?.[1] ?? ""
  const all = await call("b2_list_file_versions", { bucketId, prefix: name, maxFileCount: 100 })
  return [...all.matchAll(/"action":\s*"(\w+)"/g)].map(([, action]) => action)
}

const use = (remote: string, path: string, mode: "hide" | "delete") =>
  Effect.runPromise(
    withRemote(
      { remote },
      Effect.gen(function* () {
        const port = yield* Remote
        yield* port.remove(path, mode)
        return yield* port.stat(path)
      })
    )
  )

describe("removing a file from the remote", () => {
  it("B2: hide keeps the version, delete does not, whatever the remote itself is set to", async () => {
    const b2 = await B2Emulator.start()
    b2.tamper.put("root/tv/deleted.mkv.other", Buffer.from("other"))
    for (const hardDelete of ["true", "false"]) {
      const remote = b2.remote("root", { hard_delete: hardDelete })
      b2.tamper.put("root/tv/hidden [1].mkv", Buffer.from("hidden"))
      b2.tamper.put("root/tv/deleted.mkv", Buffer.from("deleted"))
      assert.isTrue(Option.isNone(await use(remote, "tv/hidden [1].mkv", "hide")))
      assert.includeMembers(await versionsOf(b2, "root/tv/hidden"), ["hide", "upload"])
      assert.isTrue(Option.isNone(await use(remote, "tv/deleted.mkv", "delete")))
      assert.deepStrictEqual(await versionsOf(b2, "root/tv/deleted.mkv"), ["upload"], "the other one's")
    }
    await b2.stop()
  })

  it("B2: what is not there is as good; an older version shows again", async () => {
    const b2 = await B2Emulator.start()
    const remote = b2.remote("root", {})
    assert.isTrue(Option.isNone(await use(remote, "tv/nothing.mkv", "delete")))
    b2.tamper.put("root/tv/twice.mkv", Buffer.from("older"))
    b2.tamper.put("root/tv/twice.mkv", Buffer.from("newer one"))
    const left = await use(remote, "tv/twice.mkv", "delete")
    assert.strictEqual(Option.getOrUndefined(left)?.size, "older".length)
    await b2.stop()
  })

  it("a folder deletes, and cannot hide", async () => {
    using bench = new Bench()
    const folder = join(bench.root, "remote")
    mkdirSync(folder)
    writeFileSync(join(folder, "film.mkv"), "film")
    const refused = await Effect.runPromise(
      Effect.flip(
        withRemote(
          { remote: folder },
          Effect.flatMap(Remote, (port) => port.remove("film.mkv", "hide"))
        )
      )
    )
    assert.match(refused.message, /keeps no hidden files: set watched\.remote/)
    assert.isTrue(existsSync(join(folder, "film.mkv")))
    assert.isTrue(Option.isNone(await use(folder, "film.mkv", "delete")))
    assert.isFalse(existsSync(join(folder, "film.mkv")))
  })
})
