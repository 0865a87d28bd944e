import { parseArgs } from "node:util"
import { B2Emulator } from "./emulator.ts"

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    directory: { type: "string" },
    latency: { type: "string", default: "0" },
    bandwidth: { type: "string", default: "0" },
    bucket: { type: "string", default: "media" },
    account: { type: "string" },
    key: { type: "string" },
    restricted: { type: "boolean", default: false },
    "minimum-part-size": { type: "string", default: "5000000" },
    "no-verify-sha1": { type: "boolean", default: false }
  }
})

const emulator = await B2Emulator.start({
  port: Number(values.port),
  latency: Number(values.latency),
  bandwidth: Number(values.bandwidth),
  bucket: values.bucket,
  restricted: values.restricted,
  minimumPartSize: Number(values["minimum-part-size"]),
  verifySha1: !values["no-verify-sha1"],
  ...(values.directory === undefined ? {} : { directory: values.directory }),
  ...(values.account === undefined ? {} : { account: values.account }),
  ...(values.key === undefined ? {} : { key: values.key })
})
const { url, bucket, account, key } = emulator
console.log(JSON.stringify({ url, bucket, account, key }))

const stop = (): void => void emulator.stop().then(() => process.exit(0))
process.once("SIGTERM", stop)
process.once("SIGINT", stop)
