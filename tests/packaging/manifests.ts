import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { validate as configMap } from "kubernetes-models/_schemas/IoK8sApiCoreV1ConfigMap"
import { validate as cronJob } from "kubernetes-models/_schemas/IoK8sApiBatchV1CronJob"
import { validate as networkPolicy } from "kubernetes-models/_schemas/IoK8sApiNetworkingV1NetworkPolicy"
import { validate as claim } from "kubernetes-models/_schemas/IoK8sApiCoreV1PersistentVolumeClaim"
import { validate as secret } from "kubernetes-models/_schemas/IoK8sApiCoreV1Secret"
import { validate as serviceAccount } from "kubernetes-models/_schemas/IoK8sApiCoreV1ServiceAccount"
import { parseAllDocuments } from "yaml"
import { at, checkout, record, text } from "./evaluation.ts"

export type Manifest = Record<string, unknown>
export const folder = join(checkout, "k8s")
export const manifestFiles = (): ReadonlyArray<string> =>
  readdirSync(folder).filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml")

/** Throws on anything that is odd in the YAML, and on more or less than one document. */
export const readManifest = (file: string): Manifest => {
  const documents = parseAllDocuments(readFileSync(join(folder, file), "utf8"), { uniqueKeys: true })
  const [document] = documents
  if (!Array.isArray(documents) || documents.length !== 1 || document === undefined) {
    throw new Error(`${file} is not one document`)
  }
  for (const problem of [...document.errors, ...document.warnings]) throw problem
  const value: unknown = document.toJS()
  return record({ value }, "value")
}

export const kindOf = (manifest: Manifest): string => `${text(manifest, "apiVersion")} ${text(manifest, "kind")}`

/** The checks and the types that were generated from Kubernetes' own OpenAPI document. */
const kinds: Readonly<Record<string, { readonly validate: (data: unknown) => boolean; readonly types: string }>> = {
  "batch/v1 CronJob": { validate: cronJob, types: "batch/v1" },
  "networking.k8s.io/v1 NetworkPolicy": { validate: networkPolicy, types: "networking.k8s.io/v1" },
  "v1 ConfigMap": { validate: configMap, types: "v1" },
  "v1 PersistentVolumeClaim": { validate: claim, types: "v1" },
  "v1 Secret": { validate: secret, types: "v1" },
  "v1 ServiceAccount": { validate: serviceAccount, types: "v1" }
}
const kindFor = (manifest: Manifest) => {
  const kind = kinds[kindOf(manifest)]
  if (kind === undefined) throw new Error(`${kindOf(manifest)} is no kind that is known here`)
  return kind
}

/** What Kubernetes' schema says against the values of a manifest: its types, choices, formats, what is required. */
export const problemsOf = (manifest: Manifest): ReadonlyArray<string> => {
  const { validate } = kindFor(manifest)
  if (validate(manifest)) return []
  const errors: unknown = "errors" in validate ? validate.errors : undefined
  return Array.isArray(errors)
    ? errors.map((error) => `${String(at(error, "instancePath"))}: ${String(at(error, "keyword"))}`)
    : ["refused"]
}

/**
 * What the compiler says against keys that Kubernetes does not have: the schemas let them pass, the API server drops
 * them without a word. Each manifest is a literal of its type in a file that is compiled below node_modules, where the
 * types are.
 */
export const unknownKeys = (manifests: ReadonlyArray<Manifest>): string => {
  const cache = join(checkout, "node_modules/.cache")
  mkdirSync(cache, { recursive: true })
  const place = mkdtempSync(join(cache, "manifests-"))
  try {
    const file = join(place, "manifests.mts")
    const lines = manifests.map((manifest, index) => {
      const type = `import("kubernetes-models/${kindFor(manifest).types}").I${text(manifest, "kind")}`
      return `export const manifest${index}: ${type} = ${JSON.stringify(manifest)}`
    })
    writeFileSync(file, `${lines.join("\n")}\n`)
    const { status, stderr, stdout } = spawnSync(
      join(checkout, "node_modules/.bin/tsc"),
      ["--noEmit", "--strict", "--skipLibCheck", "--ignoreConfig", "--types", "", "--module", "nodenext", file],
      { encoding: "utf8", cwd: place }
    )
    return status === 0 ? "" : `${stdout}${stderr}`.trim() || `tsc: ${status}`
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}
