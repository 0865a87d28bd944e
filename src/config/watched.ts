import { Schema } from "effect"
import { AbsolutePath, MapPath, HttpUrl, Bytes, withDefault, duration, durationOr } from "./fields.ts"

const Name = Schema.String.check(Schema.isPattern(/\S/u, { expected: "a name" }))

const Service = (what: string, port: number) => ({
  url: HttpUrl.annotate({ description: `Address of ${what}, such as http://127.0.0.1:${port}.` }),
  apiKeyFile: AbsolutePath.annotate({ description: `File that holds the API key of ${what}.` })
})
const seenPaths = (what: string) =>
  withDefault(
    Schema.Record(MapPath, MapPath).annotate({
      description: `Paths as ${what} sees them to paths on this host, for one in a container.`,
      default: {}
    }),
    {}
  )
const ArrLibrary = (what: string, port: number) => Schema.Struct({ ...Service(what, port), pathMap: seenPaths(what) })
const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

export const Notify = Schema.Struct({
  on: withDefault(
    Schema.Array(Schema.Literals(["leaving-soon", "retired", "fuse", "failed"])).annotate({
      description: "What is told.",
      default: ["leaving-soon", "retired", "fuse", "failed"]
    }),
    ["leaving-soon", "retired", "fuse", "failed"]
  ),
  ntfy: Schema.optionalKey(
    Schema.Struct({
      url: HttpUrl.annotate({ description: "Address of the ntfy topic, such as https://ntfy.example/media." }),
      tokenFile: Schema.optionalKey(AbsolutePath.annotate({ description: "File that holds the access token." }))
    }).annotate({ description: "An ntfy topic." })
  ),
  webhook: Schema.optionalKey(
    Schema.Struct({
      urlFile: AbsolutePath.annotate({ description: "File that holds the address, which is often a secret itself." })
    }).annotate({ description: "An address that gets each notice as JSON by POST." })
  ),
  mail: Schema.optionalKey(
    Schema.Struct({
      to: Schema.NonEmptyArray(Schema.String.check(Schema.isPattern(/^[^\s@]+(?:@[^\s@]+)?$/u))).annotate({
        description: "Addresses, or names of this host's users."
      }),
      from: Schema.optionalKey(Schema.String.annotate({ description: "Sender; by default sendmail chooses." })),
      sendmail: withDefault(
        AbsolutePath.annotate({
          description: "The system's sendmail.",
          default: "/run/wrappers/bin/sendmail"
        }),
        "/run/wrappers/bin/sendmail"
      )
    }).annotate({ description: "Mail by the system's sendmail." })
  )
})

export const Watched = Schema.Struct({
  dryRun: withDefault(Schema.Boolean.annotate({ description: "Only say what would be retired.", default: true }), true),
  gracePeriod: durationOr("5 days", "How long a title stays after it was last watched."),
  keepTag: withDefault(
    Name.annotate({
      description: "Titles with this tag in Radarr or Sonarr are never retired. The tag has to exist there.",
      default: "keep"
    }),
    "keep"
  ),
  primaryUser: withDefault(
    Name.annotate({ description: "Jellyfin user whose watching counts.", default: "admin" }),
    "admin"
  ),
  watchedBy: withDefault(
    Schema.Union([Schema.Literals(["primary", "any", "all"]), Schema.NonEmptyArray(Name)]).annotate({
      description: "Who has to have watched a title: the primary user, any user, all of them, or each of these.",
      default: "primary"
    }),
    "primary"
  ),
  maxRetirementsPerRun: withDefault(
    Schema.Natural.annotate({ description: "Films and seasons that one run retires at most.", default: 25 }),
    25
  ),
  maxEligibleShare: withDefault(
    Share.annotate({
      description:
        "Share of the library's films and seasons (0 to 1) that may be eligible at once before a run stops in disbelief.",
      default: 0.25
    }),
    0.25
  ),
  maxListShrink: withDefault(
    Share.annotate({
      description:
        "Share of a service's list (0 to 1) that may vanish between two runs before a run stops in disbelief.",
      default: 0.2
    }),
    0.2
  ),
  leavingSoon: withDefault(
    Schema.NullOr(
      Schema.Struct({
        countdown: durationOr("3 days", "How long a title is shown as leaving before it goes."),
        collection: withDefault(
          Name.annotate({
            description: "Jellyfin collection that shows what is leaving.",
            default: "Leaving Soon"
          }),
          "Leaving Soon"
        )
      })
    ).annotate({ description: "Announce what is to go, and wait; null is not at all.", default: null }),
    null
  ),
  stale: withDefault(
    Schema.NullOr(
      Schema.Struct({ after: duration("How long ago a title was added that nobody has ever watched.") })
    ).annotate({ description: "Also retire what was never watched by anybody; null is not at all.", default: null }),
    null
  ),
  pressure: withDefault(
    Schema.NullOr(
      Schema.Struct({
        path: AbsolutePath.annotate({ description: "A directory on the disk in question." }),
        belowBytes: Bytes.annotate({ description: "Retire only while fewer bytes than this are free." }),
        untilBytes: Bytes.annotate({ description: "Retire until this many bytes are free; the longest watched first." })
      })
    ).annotate({ description: "Retire only under disk pressure; null is always.", default: null }),
    null
  ),
  keepBestQuality: withDefault(
    Schema.Boolean.annotate({
      description: "Also retire the lesser copy of a title that Radarr and its 4K instance both have.",
      default: false
    }),
    false
  ),
  remote: withDefault(
    Schema.Literals(["keep", "hide", "delete"]).annotate({
      description:
        "Our copy on the remote once a title is retired and its torrents are gone: kept, hidden (B2's lifecycle rule decides how long it can be brought back), or deleted.",
      default: "keep"
    }),
    "keep"
  ),
  jellyfin: Schema.Struct({ ...Service("Jellyfin", 8096), pathMap: seenPaths("Jellyfin") }).annotate({
    description: "The media server that knows what was watched."
  }),
  radarr: Schema.optionalKey(ArrLibrary("Radarr", 7878).annotate({ description: "The film library." })),
  radarr4k: Schema.optionalKey(ArrLibrary("the 4K Radarr", 7879).annotate({ description: "A second film library." })),
  sonarr: Schema.optionalKey(ArrLibrary("Sonarr", 8989).annotate({ description: "The series library." })),
  sonarr4k: Schema.optionalKey(ArrLibrary("the 4K Sonarr", 8990).annotate({ description: "A second series library." })),
  seerr: Schema.optionalKey(
    Schema.Struct({
      ...Service("Seerr", 5055),
      requesterFirst: withDefault(
        Schema.Boolean.annotate({
          description: "A title stays until the one who asked for it has watched it.",
          default: true
        }),
        true
      ),
      closeRequests: withDefault(
        Schema.Boolean.annotate({
          description: "Close the request of a retired title, so that it can be asked for again.",
          default: false
        }),
        false
      )
    }).annotate({ description: "Where titles are asked for." })
  ),
  notify: withDefault(Notify.annotate({ description: "Who is told what." }), {})
})

export interface WatchedConfig extends Schema.Schema.Type<typeof Watched> {}
