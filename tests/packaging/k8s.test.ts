import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parse } from "yaml"
import { at, checkout, isRecord, record, text } from "./evaluation.ts"
import { folder, kindOf, type Manifest, manifestFiles, problemsOf, readManifest, unknownKeys } from "./manifests.ts"

const list = (value: unknown, ...path: ReadonlyArray<string>): ReadonlyArray<Record<string, unknown>> => {
  const found = at(value, ...path)
  return Array.isArray(found) ? found.filter(isRecord) : []
}
const nameOf = (manifest: Manifest) => text(manifest, "metadata", "name")
const kustomization = record({ value: parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) }, "value")
const files = manifestFiles()
const manifests = new Map(files.map((file) => [file, readManifest(file)]))
const manifest = (file: string) => record({ value: manifests.get(file) }, "value")
const namesOf = (kind: string) => [...manifests.values()].filter((one) => kindOf(one) === kind).map(nameOf)

const job = record(manifest("cronjob.yaml"), "spec", "jobTemplate", "spec")
const pod = record(job, "template", "spec")
const [container] = list(pod, "containers")
const mounts = list(container, "volumeMounts")
const volumes = list(pod, "volumes")
const configText = text(manifest("configmap.yaml"), "data", "config.json")
const config: unknown = JSON.parse(configText)
const changed = (file: string, change: (value: Manifest) => void): Manifest => {
  const copy = structuredClone(manifest(file))
  change(copy)
  return copy
}

describe("the manifests of k8s/", () => {
  it.each(files)("%s is what Kubernetes' schema wants", (file) => {
    assert.deepStrictEqual(problemsOf(manifest(file)), [])
  })

  it("have no key that Kubernetes does not have", () => {
    assert.strictEqual(unknownKeys([...manifests.values()]), "")
  })

  it("would be refused with a wrong value, and with a key that is not there", () => {
    const wrong = [
      changed("cronjob.yaml", (value) => (record(value, "spec")["concurrencyPolicy"] = "Never")),
      changed("cronjob.yaml", (value) => (record(value, "spec")["startingDeadlineSeconds"] = "6h")),
      changed("cronjob.yaml", (value) => delete record(value, "spec")["schedule"]),
      changed("configmap.yaml", (value) => (record(value, "data")["config.json"] = {})),
      changed("networkpolicy.yaml", (value) => (record(value, "spec")["egress"] = [{ ports: [{ protocol: 6 }] }]))
    ]
    for (const one of wrong) assert.isAbove(problemsOf(one).length, 0, JSON.stringify(one).slice(0, 200))
    const misspelt = changed("cronjob.yaml", (value) => {
      record(value, "spec", "jobTemplate", "spec", "template", "spec")["hostnetwork"] = false
    })
    assert.match(unknownKeys([misspelt]), /hostnetwork/)
  })

  it("are listed in the kustomization, but for the examples", () => {
    assert.deepStrictEqual(Object.keys(kustomization).toSorted(), [
      "apiVersion",
      "images",
      "kind",
      "namespace",
      "resources"
    ])
    assert.strictEqual(kindOf(kustomization), "kustomize.config.k8s.io/v1beta1 Kustomization")
    assert.sameMembers(
      [...(Array.isArray(kustomization["resources"]) ? kustomization["resources"] : [])],
      files.filter((file) => !file.endsWith(".example.yaml"))
    )
    for (const one of manifests.values()) assert.isUndefined(at(one, "metadata", "namespace"), "kustomize sets it")
    assert.deepStrictEqual(
      readdirSync(folder).filter((file) => !file.endsWith(".yaml")),
      []
    )
  })

  it("take the image that the flake makes", () => {
    const [image] = list(kustomization, "images")
    const version = text(JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")), "version")
    assert.deepInclude(image, { name: text(container, "image"), newTag: version })
    assert.strictEqual(text(container, "image"), "media-pipeline")
    const [user] = /(?<=id = ")\d+/.exec(readFileSync(join(checkout, "nix/image.nix"), "utf8")) ?? []
    assert.strictEqual(String(at(pod, "securityContext", "runAsUser")), user)
  })
})

describe("what a manifest refers to", () => {
  it("is there: volumes, their sources, the account", () => {
    const sources = volumes.map((volume) => {
      const { name: _, ...source } = volume
      const [kind] = Object.keys(source)
      return [
        text(volume, "name"),
        kind,
        at(volume, "configMap", "name") ??
          at(volume, "secret", "secretName") ??
          at(volume, "persistentVolumeClaim", "claimName")
      ]
    })
    assert.sameDeepMembers(sources, [
      ["config", "configMap", namesOf("v1 ConfigMap")[0]],
      ["secrets", "secret", namesOf("v1 Secret")[0]],
      ["state", "persistentVolumeClaim", nameOf(manifest("state.yaml"))],
      ["library", "persistentVolumeClaim", nameOf(manifest("library.example.yaml"))],
      ["tmp", "emptyDir", undefined]
    ])
    assert.sameMembers(
      mounts.map((mount) => mount["name"]),
      volumes.map((volume) => volume["name"])
    )
    assert.deepStrictEqual(namesOf("v1 ServiceAccount"), [text(pod, "serviceAccountName")])
    const [rule] = list(job, "podFailurePolicy", "rules")
    assert.strictEqual(text(rule, "onExitCodes", "containerName"), text(container, "name"))
  })

  it("is where config.json looks for it: each key file is a key of the Secret, each path a mount", () => {
    const mountPath = (name: string) =>
      text(
        mounts.find((mount) => mount["name"] === name),
        "mountPath"
      )
    const secrets = [...configText.matchAll(/"(?:apiKeyFile|tokenFile|urlFile)": "([^"]+)"/g)].map((match) => match[1])
    assert.sameMembers(
      secrets,
      Object.keys(record(manifest("secret.example.yaml"), "stringData")).map((key) => `${mountPath("secrets")}/${key}`)
    )
    assert.strictEqual(text(config, "stateDir"), mountPath("state"))
    const places = [...configText.matchAll(/"pathMap": \{ "[^"]+": "([^"]+)" \}/g)].map((match) => match[1])
    assert.strictEqual(places.length, 3)
    assert.deepStrictEqual([...new Set(places)], [mountPath("library")])
    const command = at(container, "command")
    assert.deepStrictEqual(command, ["media-pipeline", "--config", `${mountPath("config")}/config.json`, "watched"])
    assert.deepStrictEqual(Object.keys(record(manifest("configmap.yaml"), "data")), ["config.json"])
  })

  it("can be reached, and nothing else: the addresses of config.json, and the names behind them", () => {
    const policy = record(manifest("networkpolicy.yaml"), "spec")
    assert.deepStrictEqual(policy["policyTypes"], ["Ingress", "Egress"])
    assert.deepStrictEqual(policy["ingress"], [])
    const labels = record(job, "template", "metadata", "labels")
    for (const [label, value] of Object.entries(record(policy, "podSelector", "matchLabels")))
      assert.strictEqual(labels[label], value)
    const allowed = list(policy, "egress").flatMap((rule) =>
      list(rule, "to").flatMap((peer) =>
        list(rule, "ports").map((port) =>
          [...Object.values(record(peer, "podSelector", "matchLabels")), port["port"]].join(":")
        )
      )
    )
    const watched = record(config, "watched")
    const services = [...Object.values(watched), at(watched, "notify", "ntfy")].flatMap((service) => {
      const url = at(service, "url")
      return typeof url === "string" ? [new URL(url)] : []
    })
    assert.sameMembers(allowed, [
      "kube-dns:53",
      "kube-dns:53",
      ...services.map((url) => `${url.hostname}:${url.port === "" ? 80 : url.port}`)
    ])
    for (const rule of list(policy, "egress")) {
      assert.isAbove(list(rule, "to").length, 0, "a rule without a peer lets everything through")
      assert.isAbove(list(rule, "ports").length, 0, "a rule without a port lets every port through")
    }
  })
})

describe("the job", () => {
  it("runs one at a time, makes up for a night, ends, and is not repeated where a person has to look", () => {
    const spec = record(manifest("cronjob.yaml"), "spec")
    assert.deepInclude(spec, { schedule: "0 3 * * *", concurrencyPolicy: "Forbid", startingDeadlineSeconds: 21_600 })
    assert.isAbove(Number(job["activeDeadlineSeconds"]), 0)
    assert.isAbove(Number(job["backoffLimit"]), 0)
    assert.strictEqual(pod["restartPolicy"], "Never")
    const [rule] = list(job, "podFailurePolicy", "rules")
    assert.strictEqual(rule?.["action"], "FailJob")
    assert.deepStrictEqual(at(rule, "onExitCodes", "values"), [1, 64, 78])
  })

  it("has no more rights than it needs", () => {
    assert.deepInclude(pod, { automountServiceAccountToken: false, enableServiceLinks: false })
    for (const right of ["hostNetwork", "hostPID", "hostIPC", "initContainers"]) assert.notProperty(pod, right)
    assert.deepInclude(record(pod, "securityContext"), {
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" }
    })
    assert.deepStrictEqual(record(container, "securityContext"), {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      privileged: false,
      readOnlyRootFilesystem: true
    })
    const writable = mounts.filter((mount) => mount["readOnly"] !== true).map((mount) => mount["name"])
    assert.sameMembers(writable, ["state", "tmp"])
    const library = volumes.find((volume) => volume["name"] === "library")
    assert.strictEqual(at(library, "persistentVolumeClaim", "readOnly"), true)
    assert.isString(at(container, "resources", "limits", "memory"))
  })
})

describe("config.json in the ConfigMap", () => {
  let directory = ""
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "media-pipeline-k8s-"))
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  const check = (content: string) => {
    const file = join(directory, "config.json")
    writeFileSync(file, content)
    return spawnSync(process.execPath, [join(checkout, "src/main.ts"), "--config", file, "config", "check"], {
      encoding: "utf8"
    })
  }

  it("is one that the worker takes, in a dry run", () => {
    const { status, stderr, stdout } = check(configText)
    assert.strictEqual(status, 0, `${stdout}${stderr}`)
    assert.strictEqual(at(config, "watched", "dryRun"), true)
    assert.strictEqual(check(configText.replace('"dryRun"', '"dryrun"')).status, 78)
  })
})
