import type { FakeServer } from "./server.ts"
import type { MediaState, ServiceName } from "./state.ts"

const fields = ["Path", "ProviderIds", "DateCreated", "MediaSources"]

/** Asks for all that is large once, with and without MediaSources, and forgets the calls. */
export const warm = async (state: MediaState, servers: ReadonlyMap<ServiceName, FakeServer>): Promise<void> => {
  const ask = async (name: ServiceName, path: string) => {
    const server = servers.get(name)
    if (server === undefined) return
    const headers = { authorization: `MediaBrowser Token="${server.key}"`, "x-api-key": server.key }
    await (await fetch(server.url + path, { headers })).arrayBuffer()
  }
  const [user = ""] = state.jellyfin.users.keys()
  const items = `/Items?userId=${user}&recursive=true&includeItemTypes=Movie,Episode&fields=`
  for (const wanted of [fields, fields.slice(0, 3)]) await ask("jellyfin", items + wanted.join(","))
  for (const arr of state.arrs.values()) {
    await ask(arr.name, arr.kind === "movies" ? "/api/v3/movie" : "/api/v3/series")
    for (const id of arr.series.keys()) {
      await ask(arr.name, `/api/v3/episode?seriesId=${id}&includeEpisodeFile=true`)
      await ask(arr.name, `/api/v3/episodefile?seriesId=${id}`)
    }
  }
  for (const server of servers.values()) server.forget()
}
