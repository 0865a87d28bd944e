import type { Claim } from "../domain/claims.ts"
import type { Condition } from "../domain/deletion.ts"
import { display } from "../platform/BytePath.ts"

/** What torrents owe is measured; every other value that is not met says by itself what is wrong. */
const measured = /^(?:state|trackers|seed time|ratio) of /

/** Why it stays, as a clause that can follow "because". */
export const sentence = ({ name, source, threshold, value }: Condition): string =>
  measured.test(name) ? `the ${name} is ${value} and must be ${threshold}, says ${source}` : value

const called = ({ hash, name }: Claim): string => `${display(name)} (${hash.slice(0, 8)})`

const shownClaims = 3

/** Which torrents hold an item, for people. */
export const claimed = (claims: ReadonlyArray<Claim>): string => {
  const [first] = claims
  const elsewhere = claims.find(({ sharesPath }) => !sharesPath)
  if (claims.length === 1 && first !== undefined) {
    return elsewhere === undefined
      ? `its torrent is still in qBittorrent: ${called(first)}`
      : `a torrent in qBittorrent needs it, ${called(first)}: ${display(first.why)}`
  }
  const names = claims.slice(0, shownClaims).map(called).join(", ")
  const more = claims.length > shownClaims ? ` and ${claims.length - shownClaims} more` : ""
  const how = elsewhere === undefined ? "" : `; of ${called(elsewhere)}, ${display(elsewhere.why)}`
  return `${claims.length} torrents in qBittorrent need it: ${names}${more}${how}`
}
