import { Schema } from "effect"
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { basename, dirname, extname, join } from "node:path"

const repository = join(import.meta.dirname, "../..")
export const goldenDir = join(repository, "tests/nix/golden")

const Names = Schema.Record(Schema.String, Schema.String)
const Host = Schema.Struct({
  wantedBy: Schema.Record(Schema.String, Schema.Array(Schema.String)),
  requiredBy: Schema.Record(Schema.String, Schema.Array(Schema.String)),
  etc: Schema.Record(Schema.String, Schema.Struct({ source: Schema.String }))
})
const parseNames = Schema.decodeUnknownSync(Schema.fromJsonString(Names))
const parseHost = Schema.decodeUnknownSync(Schema.fromJsonString(Host))

export const store = (name: string): string => `/nix/store/00000000000000000000000000000000-${name}`

/** The cases whose units are rendered; those that are refused have none. */
export const casesWithUnits = (): ReadonlyArray<string> =>
  readdirSync(goldenDir).filter((name) => existsSync(join(goldenDir, name, "units")))

export const unitsOf = (name: string): ReadonlyArray<string> => readdirSync(join(goldenDir, name, "units")).toSorted()

/** Puts `text` at an absolute path below the stage. */
export const plant = (stage: string, path: string, text: string, mode = 0o644): void => {
  mkdirSync(dirname(join(stage, path)), { recursive: true })
  writeFileSync(join(stage, path), text)
  chmodSync(join(stage, path), mode)
}

const link = (stage: string, path: string, target: string): void => {
  mkdirSync(dirname(join(stage, path)), { recursive: true })
  symlinkSync(target, join(stage, path))
}

/** A file of the repository that is run inside, with everything that it imports in it. */
export const bundle = (entry: string, output: string): void => {
  mkdirSync(dirname(output), { recursive: true })
  const built = spawnSync(process.execPath, [join(repository, "scripts/build.ts"), join(repository, entry), output], {
    encoding: "utf8"
  })
  if (built.status !== 0) throw new Error(`${entry} cannot be bundled: ${built.stderr}`)
}

/** What nix/package.nix installs, on Debian's Node. */
export const plantWorker = (stage: string): void => {
  const home = store("media-pipeline")
  const library = `${home}/lib/media-pipeline`
  bundle("src/main.ts", join(stage, library, "media-pipeline.mjs"))
  const start = `#!/bin/sh\nPATH=/usr/bin\${PATH:+:$PATH}\nexport PATH\nexec /usr/bin/node`
  const worker = `${start} --max-semi-space-size=4 ${library}/media-pipeline.mjs "$@"\n`
  plant(stage, `${home}/bin/media-pipeline`, worker, 0o755)
  const scripts = join(repository, "nix/scripts")
  for (const name of readdirSync(scripts)) {
    const text = readFileSync(join(scripts, name), "utf8")
    const target = `${home}/libexec/media-pipeline/${basename(name, extname(name))}`
    if (name.endsWith(".sh")) {
      const rest = text.slice(text.indexOf("\n") + 1)
      plant(stage, target, `#!/bin/sh\nPATH=/usr/bin\${PATH:+:$PATH}\n${rest}`, 0o755)
    } else {
      plant(stage, `${library}/${name}`, text)
      const flags = /^#!\/usr\/bin\/env -S node (.*)/.exec(text)?.[1] ?? ""
      plant(stage, target, `${start} ${flags} ${library}/${name} "$@"\n`, 0o755)
    }
  }
}

/** Programs at the addresses that the rendered files know them by. */
export const plantPrograms = (stage: string, texts: ReadonlyArray<string>): void => {
  const named = texts.flatMap((text) => [...text.matchAll(/\/nix\/store\/0{32}-([\w.+-]+)\/s?bin/g)])
  for (const name of new Set(named.map(([, name = ""]) => name))) {
    if (name === "media-pipeline") continue
    link(stage, `${store(name)}/bin`, "/usr/bin")
    link(stage, `${store(name)}/sbin`, "/usr/sbin")
  }
}

/** The rendered files of one case where NixOS would put them. */
export const plantGolden = (stage: string, name: string): void => {
  const at = (...parts: ReadonlyArray<string>) => join(goldenDir, name, ...parts)
  const text = (...parts: ReadonlyArray<string>) => readFileSync(at(...parts), "utf8")
  const units = unitsOf(name).map((unit) => [unit, text("units", unit)] as const)
  for (const [unit, content] of units) plant(stage, `/etc/systemd/system/${unit}`, content)
  for (const [alias, unit] of Object.entries(parseNames(text("aliases.json")))) {
    link(stage, `/etc/systemd/system/${alias}`, unit)
  }
  const { etc, requiredBy, wantedBy } = parseHost(text("host.json"))
  for (const [suffix, links] of [["wants", wantedBy] as const, ["requires", requiredBy] as const]) {
    for (const [unit, targets] of Object.entries(links)) {
      for (const target of targets) link(stage, `/etc/systemd/system/${target}.${suffix}/${unit}`, `../${unit}`)
    }
  }
  plant(stage, "/etc/tmpfiles.d/media-pipeline.conf", text("tmpfiles.conf"))
  for (const [path, { source }] of Object.entries(etc)) link(stage, `/etc/${path}`, source)
  const files = readdirSync(at("store"), { recursive: true, encoding: "utf8", withFileTypes: true })
  for (const file of files.filter((one) => one.isFile())) {
    const below = join(file.parentPath, file.name).slice(at("store").length + 1)
    cpSync(at("store", below), join(stage, store(below)), { recursive: true })
  }
  plant(stage, store("media-pipeline.json"), text("config.json"))
  const commands = text("cli.sh")
    .split(/^# (?=[\w-]+$)/m)
    .filter(Boolean)
  for (const command of commands) {
    const end = command.indexOf("\n")
    plant(stage, `/usr/local/bin/${command.slice(0, end)}`, command.slice(end + 1), 0o755)
  }
  plantPrograms(stage, [...units.map(([, content]) => content), ...commands])
  plantWorker(stage)
}
