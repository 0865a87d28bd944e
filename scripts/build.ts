import { build, type Plugin } from "esbuild"
import { readFileSync, renameSync, rmSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

/*
 * Usage: node scripts/build.ts [ENTRY [OUTPUT]]
 * One file that needs nothing but Node: ENTRY (src/main.ts) and all it imports, as OUTPUT (dist/media-pipeline.mjs).
 */

const root = dirname(import.meta.dirname)
const [entry = join(root, "src/main.ts"), output = join(root, "dist/media-pipeline.mjs")] = process.argv.slice(2)

const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
const version =
  typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "0.0.0"

/**
 * platform-node loads undici and its WebSocket server only when they are asked for, which we never do. Inside one
 * bundle such an import would make esbuild wrap, and keep, every module of Effect.
 */
const leaveOut: Plugin = {
  name: "leave-out",
  setup: ({ onResolve }) => {
    onResolve({ filter: /./ }, ({ importer, kind, path }) =>
      kind === "dynamic-import" && importer.includes("@effect/platform-node") ? { path, external: true } : undefined
    )
  }
}

/** Importing node:http makes Node load its own undici, for one export that nobody uses; requiring it does not. */
const requireHttp: Plugin = {
  name: "require-http",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^(?:node:)?https?$/ }, ({ kind, path }) =>
      kind === "import-statement" ? { path: path.replace(/^(?:node:)?/, "node:"), namespace: "required" } : undefined
    )
    onLoad({ filter: /./, namespace: "required" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
      loader: "js"
    }))
  }
}

// Whoever runs the bundle meanwhile has the old one or the new one.
const partial = `${resolve(output)}.${process.pid}.tmp`

await build({
  entryPoints: [resolve(entry)],
  outfile: partial,
  bundle: true,
  platform: "node",
  target: "node22",
  format: "esm",
  // Readable stack traces without source maps.
  minify: false,
  charset: "utf8",
  legalComments: "none",
  define: { MEDIA_PIPELINE_VERSION: JSON.stringify(process.env["MEDIA_PIPELINE_VERSION"] ?? version) },
  // For CommonJS modules among the dependencies.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);"
  },
  plugins: [leaveOut, requireHttp],
  logLevel: "warning"
})
renameSync(partial, resolve(output))
// bin/media-pipeline has Node keep compiled code there; that of the old bundle is of no use.
rmSync(join(dirname(resolve(output)), "cache"), { recursive: true, force: true })
