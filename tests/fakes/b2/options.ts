import type { Restriction } from "./tokens.ts"

export interface B2Options {
  /** 0 (the default): any free one. */
  readonly port?: number
  /** Bytes on disk, in a folder of its own below this one, instead of in memory. */
  readonly directory?: string
  readonly account?: string
  readonly key?: string
  /** Exists from the start; "media" if absent. */
  readonly bucket?: string
  /** `true`: the key is good for the bucket only. */
  readonly restricted?: boolean | Restriction
  /** Milliseconds before each call is handled. */
  readonly latency?: number
  /** Bytes a second over all connections; 0 is no limit. */
  readonly bandwidth?: number
  /** Of every part but the last; 5,000,000 as on B2. */
  readonly minimumPartSize?: number
  /** Of a single upload, a part or a copy; 5 GB as on B2. */
  readonly maximumSingleSize?: number
  /** Whether what arrives is hashed and compared, as B2 does. */
  readonly verifySha1?: boolean
}

export interface StoredFile {
  readonly name: string
  readonly fileId: string
  readonly action: "upload" | "hide" | "start"
  readonly size: number
  /** "none" for files uploaded in parts. */
  readonly contentSha1: string
  readonly contentType: string
  readonly fileInfo: Readonly<Record<string, string>>
  /** Milliseconds. */
  readonly uploadTimestamp: number
  /** 0 for single uploads. */
  readonly parts: number
}
