import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { at, checkout, evaluateNix, hasNix, isRecord, record } from "./evaluation.ts"

const parse = (file: string): unknown => JSON.parse(readFileSync(join(checkout, file), "utf8"))
const lock = parse("package-lock.json")
const packages = Object.entries(record(lock, "packages")).filter((entry): entry is [string, Record<string, unknown>] =>
  isRecord(entry[1])
)
const fetched = packages.filter(
  ([path, entry]) =>
    path !== "" && entry["link"] !== true && entry["inBundle"] !== true && entry["resolved"] === undefined
)

const nix = hasNix("nix/lock.nix is not evaluated; the lock itself is checked")
const registry = "https://registry.invalid/npm/"

/** The rule of nix/lock.nix once more, in other words. */
const addressOf = (path: string, entry: Record<string, unknown>): string => {
  const name = typeof entry["name"] === "string" ? entry["name"] : path.slice(path.lastIndexOf("node_modules/") + 13)
  return `${registry}${name}/-/${name.split("/").at(-1)}-${String(entry["version"])}.tgz`
}

const imports = (architecture: string, devDependencies: string) =>
  evaluateNix(`
    let
      lock = import ./nix/lock.nix;
      json = file: builtins.fromJSON (builtins.readFile file);
    in
    lock.importable {
      registry = "${registry}";
      package = json ./package.json;
      packageLock = json ./package-lock.json;
      devDependencies = ${devDependencies};
      platform = { os = "linux"; cpu = "${architecture}"; libc = "glibc"; };
    }
  `)

const everything = "builtins.attrNames (json ./package.json).devDependencies"

describe("package-lock.json", () => {
  it("has what importNpmLock needs of each package: a version and an integrity that Nix takes", () => {
    assert.isAbove(fetched.length, 50)
    for (const [path, { integrity, version }] of fetched) {
      assert.match(String(version), /^\d+\.\d+\.\d+(?:-[\w.-]+)?$/, path)
      assert.match(String(integrity), /^sha512-[A-Za-z0-9+/]{86}==$/, path)
    }
  })

  it("has nothing from outside the registry, no link and nothing bundled", () => {
    assert.deepStrictEqual(
      packages.filter(([path]) => path !== "").length,
      fetched.length,
      "nix/lock.nix leaves such entries alone: see that importNpmLock can take them"
    )
  })

  it("tells nobody's registry, whoever's npm wrote it", () => {
    assert.match(readFileSync(join(checkout, ".npmrc"), "utf8"), /^omit-lockfile-registry-resolved=true$/m)
    assert.notMatch(readFileSync(join(checkout, "package-lock.json"), "utf8"), /"resolved"|https?:\/\/[^"]*registry/)
  })

  it("has the bundler, the tests and the linters for both platforms", () => {
    const paths = new Set(packages.map(([path]) => path))
    for (const name of [
      ...["x64", "arm64"].flatMap((architecture) => [
        `@esbuild/linux-${architecture}`,
        `@oxfmt/binding-linux-${architecture}-gnu`,
        `@oxlint/binding-linux-${architecture}-gnu`,
        `@rolldown/binding-linux-${architecture}-gnu`,
        `@typescript/typescript-linux-${architecture}`,
        `lightningcss-linux-${architecture}-gnu`
      ]),
      // For arm64 there is none; nix/checks.nix has no `static` there.
      "@effect/tsgo-linux-x64"
    ]) {
      assert.isTrue(paths.has(`node_modules/${name}`), name)
    }
    const esbuild = Object.keys(record(lock, "packages", "node_modules/esbuild", "optionalDependencies"))
    assert.deepStrictEqual(
      esbuild.filter((name) => !paths.has(`node_modules/${name}`)),
      []
    )
  })

  it("installs without a script that may want a network", () => {
    // esbuild's checks its binary, and downloads one only where the package of the platform is missing.
    assert.deepStrictEqual(
      packages.filter(([, entry]) => entry["hasInstallScript"] === true).map(([path]) => path),
      ["node_modules/esbuild"]
    )
  })
})

describe.skipIf(!nix)("nix/lock.nix", () => {
  it.each(["x64", "arm64"])("gives a build on %s the bundler and what is bundled, and nothing else", (architecture) => {
    const entries = record(imports(architecture, `[ "esbuild" ]`), "packageLock", "packages")
    const names = Object.keys(entries)
    assert.includeMembers(names, [
      "",
      "node_modules/effect",
      "node_modules/@effect/platform-node",
      "node_modules/esbuild",
      `node_modules/@esbuild/linux-${architecture}`
    ])
    assert.deepStrictEqual(
      names.filter((name) => name.includes("@esbuild/")),
      [`node_modules/@esbuild/linux-${architecture}`]
    )
    assert.deepStrictEqual(Object.keys(record(entries, "node_modules/esbuild", "optionalDependencies")), [
      `@esbuild/linux-${architecture}`
    ])
    assert.isFalse(names.some((name) => /vitest|typescript|oxlint|rolldown/.test(name)))
  })

  it("keeps, with everything asked for, all that this platform has", () => {
    const entries = record(imports("x64", everything), "packageLock", "packages")
    const here = (entry: Record<string, unknown>) =>
      (
        [
          ["os", "linux"],
          ["cpu", "x64"],
          ["libc", "glibc"]
        ] as const
      ).every(([key, value]) => !Array.isArray(entry[key]) || entry[key].includes(value))
    const missing = packages.filter(([path, entry]) => here(entry) && entries[path] === undefined)
    // Parts of the WebAssembly builds, which are for other processors.
    assert.deepStrictEqual(
      missing.map(([path]) => path).filter((path) => !/@emnapi|@napi-rs|@tybys|tslib/.test(path)),
      []
    )
  })

  it("gives each package the address that its name and version make, and changes nothing else", () => {
    for (const architecture of ["x64", "arm64"]) {
      for (const [path, entry] of Object.entries(
        record(imports(architecture, everything), "packageLock", "packages")
      )) {
        if (path === "" || !isRecord(entry)) continue
        const original = record(lock, "packages", path)
        // Which of these are left is the business of the tests above.
        const { optionalDependencies: _before, ...expected } = original
        const { optionalDependencies: _after, ...actual } = entry
        assert.deepStrictEqual(actual, { ...expected, resolved: addressOf(path, original) }, path)
      }
    }
  })

  it("asks in package.json for what the lock has, as importNpmLock looks each name up there", () => {
    for (const chosen of [`[ "esbuild" ]`, everything]) {
      const imported = imports("arm64", chosen)
      const entries = record(imported, "packageLock", "packages")
      for (const key of ["dependencies", "devDependencies"]) {
        const wanted = record(imported, "package", key)
        assert.deepStrictEqual(record(entries, "", key), wanted)
        for (const name of Object.keys(wanted)) assert.isDefined(at(entries, `node_modules/${name}`, "resolved"), name)
      }
    }
  })

  const made = (entries: string, use: string) =>
    evaluateNix(`
      let
        lock = import ./nix/lock.nix;
        packageLock.packages = { "" = { name = "made"; dependencies = { a = "1"; }; }; ${entries} };
        platform = { os = "linux"; cpu = "x64"; libc = "glibc"; };
        only = lock.only {
          inherit packageLock platform;
          package = { name = "made"; dependencies = { a = "1"; }; };
          devDependencies = [ ];
        };
      in
      ${use}
    `)
  const plain = `version = "1.0.0"; integrity = "sha512-x";`
  const keptOf = (entries: string) => made(entries, "builtins.attrNames only.packageLock.packages")

  it("knows aliases, scopes, nested packages, links and what is bundled", () => {
    const resolved = made(
      `"node_modules/alias" = { name = "@scope/real"; ${plain} };
       "node_modules/a/node_modules/@s/b" = { ${plain} };
       "node_modules/git" = { resolved = "git+ssh://host/x"; };
       "node_modules/linked" = { link = true; };
       "node_modules/in" = { inBundle = true; version = "1.0.0"; };
       "tools/local" = { version = "1.0.0"; };`,
      `builtins.mapAttrs (_: package: package.resolved or null) (lock.withResolved "${registry}" packageLock).packages`
    )
    assert.deepStrictEqual(resolved, {
      "": null,
      "node_modules/alias": `${registry}@scope/real/-/real-1.0.0.tgz`,
      "node_modules/a/node_modules/@s/b": `${registry}@s/b/-/b-1.0.0.tgz`,
      "node_modules/git": "git+ssh://host/x",
      "node_modules/linked": null,
      "node_modules/in": null,
      "tools/local": null
    })
  })

  it("follows what is nested before what is beside, peers unless they are optional, and leaves the rest", () => {
    const kept = keptOf(
      `"node_modules/a" = { ${plain} dependencies = { b = "2"; }; peerDependencies = { p = "1"; q = "1"; };
         peerDependenciesMeta.q.optional = true; };
       "node_modules/a/node_modules/b" = { ${plain} dependencies = { c = "1"; }; };
       "node_modules/b" = { ${plain} };
       "node_modules/c" = { ${plain} dependencies = { a = "1"; }; };
       "node_modules/p" = { ${plain} };
       "node_modules/q" = { ${plain} };`
    )
    assert.deepStrictEqual(kept, [
      "",
      "node_modules/a",
      "node_modules/a/node_modules/b",
      "node_modules/c",
      "node_modules/p"
    ])
  })

  it("leaves out optional packages of other platforms, named or refused", () => {
    const kept = keptOf(
      `"node_modules/a" = { ${plain} optionalDependencies = { x = "1"; y = "1"; z = "1"; musl = "1"; gone = "1"; }; };
       "node_modules/x" = { ${plain} os = [ "linux" "darwin" ]; cpu = [ "x64" ]; libc = [ "glibc" ]; };
       "node_modules/y" = { ${plain} os = [ "!linux" ]; };
       "node_modules/z" = { ${plain} os = [ "!win32" ]; };
       "node_modules/musl" = { ${plain} libc = [ "musl" ]; };`
    )
    assert.deepStrictEqual(kept, ["", "node_modules/a", "node_modules/x", "node_modules/z"])
  })

  const failure = (run: () => unknown): string => {
    try {
      run()
    } catch (error) {
      return String(error)
    }
    return "nothing went wrong"
  }

  it("says what is wrong with a lock, and with an address that tells no registry", () => {
    assert.match(
      failure(() => made("", 'lock.withResolved (throw "unused") { packages."node_modules/a" = { version = "1"; }; }')),
      /no integrity for node_modules\/a/
    )
    assert.match(
      failure(() => keptOf("")),
      /lacks a/
    )
    assert.match(
      failure(() => evaluateNix(`(import ./nix/lock.nix).registryOf "pnpm" "https://host.invalid/pnpm-1.tar.gz"`)),
      /pass npmRegistry/
    )
    assert.strictEqual(
      evaluateNix(`(import ./nix/lock.nix).registryOf "pnpm" "${registry}pnpm/-/pnpm-10.0.0.tgz"`),
      registry
    )
  })
})
