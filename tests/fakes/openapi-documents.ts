import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { parse } from "yaml"
import type { ArrName } from "../../src/domain/watchedWorld.ts"
import { type Contract, type ContractOptions, makeContract } from "./openapi.ts"

/* The official documents are no part of the repository: they lie beside it, or where MEDIA_PIPELINE_SPECS says. */

const specs =
  process.env["MEDIA_PIPELINE_SPECS"] ?? join(dirname(dirname(dirname(import.meta.dirname))), "shared", "specs")

type Product = "jellyfin" | "radarr" | "sonarr" | "seerr"

const arrOptions: ContractOptions = { lists: "repeated", everywhere: ["apikey"] }
const documents: Readonly<Record<Product, { readonly file: string; readonly options: ContractOptions }>> = {
  jellyfin: { file: "jellyfin-12.openapi.json", options: { lists: "commas" } },
  radarr: { file: "radarr-v3.openapi.json", options: arrOptions },
  sonarr: { file: "sonarr-v3.openapi.json", options: arrOptions },
  seerr: {
    file: "seerr.openapi.yml",
    options: {
      lists: "repeated",
      // As server/entity/User.ts, MediaRequest.ts and Media.ts have them.
      beyond: {
        PageInfo: ["pageSize"],
        User: [
          "warnings",
          "username",
          "plexUsername",
          "jellyfinUsername",
          "recoveryLinkExpirationDate",
          "plexId",
          "jellyfinUserId",
          "displayName"
        ],
        MediaRequest: ["type", "seasons", "languageProfileId", "tags", "isAutoRequest", "seasonCount", "modifiedBy"],
        MediaInfo: [
          "mediaType",
          "imdbId",
          "status4k",
          "mediaAddedAt",
          "serviceId",
          "externalServiceId",
          "jellyfinMediaId",
          "seasons",
          "downloadStatus",
          "downloadStatus4k"
        ]
      }
    }
  }
}

const productOf = (name: ArrName | Product): Product =>
  name === "radarr4k" ? "radarr" : name === "sonarr4k" ? "sonarr" : name

const read = (product: Product): Contract => {
  const { file, options } = documents[product]
  const text = readFileSync(join(specs, file), "utf8")
  const document: unknown = file.endsWith(".json") ? JSON.parse(text) : parse(text)
  return makeContract(document, options)
}

const made = new Map<Product, Contract>()
const contract = (product: Product): Contract => {
  const known = made.get(product) ?? read(product)
  made.set(product, known)
  return known
}

export const hasDocuments = (): boolean => Object.values(documents).every(({ file }) => existsSync(join(specs, file)))

/** Read at the first call that is held against it; null where it is not to be had. */
export const contractOf = (name: ArrName | Product): Contract | null => {
  const product = productOf(name)
  if (!existsSync(join(specs, documents[product].file))) return null
  return {
    request: (asked) => contract(product).request(asked),
    response: (asked) => contract(product).response(asked)
  }
}
