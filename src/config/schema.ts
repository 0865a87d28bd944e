import { Schema } from "effect"
import {
  AbsolutePath,
  MapPath,
  HttpUrl,
  RemoteName,
  RemotePath,
  Timetable,
  DurationText,
  Bytes,
  withDefault,
  duration,
  durationOr
} from "./fields.ts"
import { Watched } from "./watched.ts"

export const Qbittorrent = Schema.Struct({
  url: HttpUrl.annotate({ description: "Address of qBittorrent's Web UI, such as http://127.0.0.1:8080." }),
  username: withDefault(
    Schema.String.annotate({ description: "Name to log in with; not used with an API key.", default: "admin" }),
    "admin"
  ),
  passwordFile: Schema.optionalKey(
    AbsolutePath.annotate({
      description:
        "File that holds the password. Without it and apiKeyFile this host must be allowed to bypass authentication."
    })
  ),
  apiKeyFile: Schema.optionalKey(
    AbsolutePath.annotate({ description: "File that holds an API key; used instead of name and password." })
  ),
  pathMap: withDefault(
    Schema.Record(MapPath, MapPath).annotate({
      description: "Paths as qBittorrent sees them to paths on this host, for a client in a container.",
      default: {}
    }),
    {}
  )
})

export const Extract = Schema.Struct({
  enable: withDefault(Schema.Boolean.annotate({ description: "Whether archives are extracted.", default: true }), true),
  extractor: withDefault(
    Schema.Literals(["auto", "unar", "7zz", "unrar"]).annotate({
      description: "Program that reads archives; auto picks one for each.",
      default: "auto"
    }),
    "auto"
  ),
  passwordsFile: Schema.optionalKey(
    AbsolutePath.annotate({ description: "File with one archive password a line, tried in turn." })
  ),
  /** How deep archives inside archives are opened; 1 is the item's own archives only. */
  depth: withDefault(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 8 })).annotate({
      description: "How deep archives inside archives are opened; 1 is the item's own archives only.",
      default: 1
    }),
    1
  ),
  /** Bytes that stay free on the disk of `extractedDir`. */
  reserveBytes: withDefault(
    Bytes.annotate({ description: "Bytes that stay free on the disk of extractedDir.", default: 10 * 1024 ** 3 }),
    10 * 1024 ** 3
  )
})

export const Upload = Schema.Struct({
  remote: RemoteName.annotate({
    description: "The rclone remote that everything goes to, with its bucket or folder, such as b2:my-bucket."
  }),
  /** Folder on the remote for items whose category has none of its own. */
  path: withDefault(
    RemotePath.annotate({
      description: "Folder on the remote for items whose category has none of its own.",
      default: "downloads"
    }),
    "downloads"
  ),
  rcloneConfigFile: Schema.optionalKey(AbsolutePath.annotate({ description: "rclone's configuration file." })),
  rcloneEnvironmentFile: Schema.optionalKey(
    AbsolutePath.annotate({
      description:
        "File of lines such as RCLONE_CONFIG_B2_KEY=…: a remote without a configuration file. Only rclone is given them."
    })
  ),
  /** Large files in flight at once. */
  transfers: withDefault(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 64 })).annotate({
      description: "Large files in flight at once.",
      default: 4
    }),
    4
  ),
  bandwidth: Schema.optionalKey(
    Timetable.annotate({
      description: 'Upload limit in bytes a second (2M), or a timetable ("08:00,2M 23:00,off"), as rclone --bwlimit.'
    })
  ),
  verify: withDefault(
    Schema.Literals(["metadata", "sampled", "readback"]).annotate({
      description:
        "What is read back beside the hashes: nothing; samples of large files, whose hash on the remote is only a claim; or every file, whole.",
      default: "sampled"
    }),
    "sampled"
  ),
  extract: withDefault(Extract.annotate({ description: "Extraction of archives." }), {})
})

export const Tracker = Schema.Struct({
  minSeedTime: Schema.optionalKey(duration("Seeding time that this tracker demands.")),
  minRatio: Schema.optionalKey(
    Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)).annotate({ description: "Ratio that this tracker demands." })
  )
})

export const Cleanup = Schema.Struct({
  dryRun: withDefault(
    Schema.Boolean.annotate({ description: "Only say what would be released.", default: false }),
    false
  ),
  mode: withDefault(
    Schema.Literals(["untracked", "managed"]).annotate({
      description:
        "untracked: release what no torrent claims any more. managed: also remove torrents whose obligations are met.",
      default: "untracked"
    }),
    "untracked"
  ),
  minSeedTime: durationOr("7 days", "managed: how long every torrent seeds at least."),
  minRatio: withDefault(
    Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)).annotate({
      description: "managed: the ratio that every torrent reaches at least.",
      default: 1
    }),
    1
  ),
  trackers: withDefault(
    Schema.Record(Schema.String, Tracker).annotate({
      description: "managed: what single trackers demand instead, by their host name.",
      default: {}
    }),
    {}
  ),
  onlyWhenFreeBelowBytes: withDefault(
    Schema.NullOr(Bytes).annotate({
      description: "Release only while fewer bytes than this are free on the disk of completedDir; null is always.",
      default: null
    }),
    null
  ),
  quarantineFor: withDefault(
    Schema.NullOr(
      DurationText.annotate({ description: "How long." }).pipe(Schema.decodeTo(Schema.DurationFromString))
    ).annotate({ description: "How long a released copy is kept aside first; null is not at all.", default: null }),
    null
  ),
  maxDeletesPerRun: withDefault(
    Schema.Natural.annotate({ description: "Items that one run releases at most.", default: 100 }),
    100
  ),
  /** Share of the torrent list (0–1) that may vanish between two runs before we refuse to believe it. */
  maxListShrink: withDefault(
    Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })).annotate({
      description:
        "Share of the torrent list (0 to 1) that may vanish between two runs before a run stops in disbelief.",
      default: 0.5
    }),
    0.5
  ),
  /** Absolute paths or globs of absolute paths. */
  neverDelete: withDefault(
    Schema.Array(Schema.String).annotate({
      description: "Absolute paths, or globs of them, that are never released.",
      default: []
    }),
    []
  )
})

const Side = (which: string) =>
  Schema.Struct({
    root: AbsolutePath.annotate({ description: `Where the filesystem of ${which} is mounted, such as /${which}.` }),
    seedingDirs: Schema.NonEmptyArray(AbsolutePath).annotate({
      description: `Directories of ${which} that hold nothing but torrents' payloads. A hardlink that lies in none of them pins a payload.`
    })
  })

export const Storage = Schema.Struct({
  dryRun: withDefault(Schema.Boolean.annotate({ description: "Only say what would be moved.", default: true }), true),
  stash: Side("stash").annotate({
    description: "The filesystem of the libraries, and of the payloads linked into them."
  }),
  pool: Side("pool").annotate({ description: "The filesystem of payloads that are only seeded." }),
  seedOnlyTag: withDefault(
    Schema.String.annotate({
      description: "Torrents with this tag are looked at first. The tag decides nothing.",
      default: "~noHL"
    }),
    "~noHL"
  ),
  quarantineFor: durationOr("3 days", "How long the source of a move is kept aside before it is removed."),
  reserveBytes: withDefault(
    Bytes.annotate({
      description: "Bytes that stay free on the filesystem that is moved to.",
      default: 100 * 1024 ** 3
    }),
    100 * 1024 ** 3
  )
})

export const HashCache = Schema.Struct({
  roots: withDefault(
    Schema.Array(AbsolutePath).annotate({
      description: "Further directories whose files are indexed, beside the roots of storage.",
      default: []
    }),
    []
  )
})

export const Config = Schema.Struct({
  stateDir: AbsolutePath.annotate({
    description: "Directory of the database, the spool, the lock and the metrics, such as /var/lib/media-pipeline."
  }),
  qbittorrent: Qbittorrent.annotate({ description: "The torrent client." }),
  completedDir: AbsolutePath.annotate({
    description: "Directory that completed torrents lie in, such as /var/lib/qBittorrent/completed."
  }),
  extractedDir: Schema.optionalKey(
    AbsolutePath.annotate({
      description:
        "Directory that archives are extracted into for their upload; by default extracted beside completedDir."
    })
  ),
  categories: withDefault(
    Schema.Record(
      Schema.String,
      Schema.Struct({ remotePath: RemotePath.annotate({ description: "Folder on the remote, such as tv." }) })
    ).annotate({ description: "Folders on the remote by qBittorrent category.", default: {} }),
    {}
  ),
  upload: Upload.annotate({ description: "Where and how items are uploaded." }),
  cleanup: Schema.optionalKey(Cleanup.annotate({ description: "When local copies are released; absent is never." })),
  storage: Schema.optionalKey(
    Storage.annotate({ description: "The two filesystems that payloads move between; absent is one of them only." })
  ),
  hashCache: Schema.optionalKey(
    HashCache.annotate({ description: "What is indexed beside the roots of storage; absent is nothing." })
  ),
  watched: Schema.optionalKey(
    Watched.annotate({ description: "When watched titles are retired through Radarr and Sonarr; absent is never." })
  )
}).annotate({ title: "media-pipeline", description: "Configuration of media-pipeline." })

export interface Config extends Schema.Schema.Type<typeof Config> {
  readonly extractedDir: string
}
export interface StorageConfig extends Schema.Schema.Type<typeof Storage> {}
export interface CleanupConfig extends Schema.Schema.Type<typeof Cleanup> {}
