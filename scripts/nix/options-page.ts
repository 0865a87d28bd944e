import { Schema } from "effect"

const Text = Schema.Struct({ _tag: Schema.optionalKey(Schema.String), text: Schema.String })
const Option = Schema.Struct({
  name: Schema.String,
  loc: Schema.Array(Schema.String),
  type: Schema.String,
  description: Schema.NullOr(Schema.String),
  default: Schema.optionalKey(Text),
  example: Schema.optionalKey(Text)
})
type Option = typeof Option.Type
const decode = Schema.decodeUnknownSync(Schema.Array(Option))

const prefix = "services.mediaPipeline"

/** In the order of the page. An option belongs to the last area that its name begins with. */
const areas: ReadonlyArray<readonly [path: string, title: string]> = [
  ["", "The module"],
  ["qbittorrent", "qBittorrent on this host"],
  ["mount", "The remote as a directory"],
  ["settings", "config.json: places"],
  ["settings.categories", "config.json: categories"],
  ["settings.qbittorrent", "config.json: the torrent client"],
  ["settings.upload", "config.json: upload"],
  ["settings.upload.extract", "config.json: archives"],
  ["settings.cleanup", "config.json: cleanup"],
  ["settings.watched", "config.json: watched titles"]
]

const areaOf = (name: string): string =>
  areas.map(([path]) => path).findLast((path) => path === "" || name === path || name.startsWith(`${path}.`)) ?? ""

/** The module system's roles ({option}`x`) are plain code elsewhere. */
const markdown = (text: string): string => text.replaceAll(/\{[a-z]+\}(?=`)/g, "").trim()

const value = (title: string, { text }: { readonly text: string }): string =>
  text.includes("\n") ? `${title}:\n\n\`\`\`nix\n${text.trimEnd()}\n\`\`\`` : `${title}: \`${text}\``

const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-")

const section = (option: Option, name: string): string =>
  [
    `### \`${name}\``,
    markdown(option.description ?? ""),
    `Type: ${option.type}`,
    ...(option.default === undefined ? ["**Has to be set.**"] : []),
    ...(option.default === undefined ? [] : [value("Default", option.default)]),
    ...(option.example === undefined ? [] : [value("Example", option.example)])
  ].join("\n\n")

/** The reference of all options, from what `lib.optionAttrSetToDocList` says of them. */
export const optionsPage = (list: unknown): string => {
  const options = decode(list)
    .map((option) => ({ option, name: option.name.slice(prefix.length + 1) }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const chapters = areas.flatMap(([path, title]) => {
    const own = options.filter(({ name }) => areaOf(name) === path)
    return own.length === 0 ? [] : [{ title, own }]
  })
  return `${[
    "# Options",
    `Of the NixOS module, all below \`${prefix}\`. Made from the options themselves by \`node scripts/nix/golden.ts\`: do not edit.`,
    chapters
      .map(({ title, own }) =>
        [`- [${title}](#${anchorOf(title)})`, ...own.map(({ name }) => `  - [\`${name}\`](#${anchorOf(name)})`)].join(
          "\n"
        )
      )
      .join("\n"),
    ...chapters.flatMap(({ title, own }) => [`## ${title}`, ...own.map(({ name, option }) => section(option, name))])
  ].join("\n\n")}\n`
}
