import { pbkdf2Sync, randomBytes } from "node:crypto"

export interface ConfigOptions {
  readonly webPort: number
  readonly peerPort: number
  readonly username: string
  readonly password: string
  readonly bypassLocalhost: boolean
  readonly apiKey: string | undefined
  readonly savePath: string
  readonly tempPath: string | undefined
  readonly autorun: string | undefined
}

/** Qt's ini escapes: UTF-16 units as \xHHHH, and a hex digit after one escaped as well, since Qt reads on greedily. */
const quote = (value: string): string => {
  let escapeHexDigit = false
  let result = ""
  for (let index = 0; index < value.length; index++) {
    const char = value.charAt(index)
    const code = value.charCodeAt(index)
    if (code < 0x20 || code > 0x7e || (escapeHexDigit && /[0-9a-fA-F]/.test(char))) {
      result += `\\x${code.toString(16)}`
      escapeHexDigit = true
    } else {
      result += char === "\\" || char === '"' ? `\\${char}` : char
      escapeHexDigit = false
    }
  }
  return `"${result}"`
}

const passwordHash = (password: string): string => {
  const salt = randomBytes(16)
  const key = pbkdf2Sync(password, salt, 100_000, 64, "sha512")
  return `"@ByteArray(${salt.toString("base64")}:${key.toString("base64")})"`
}

/** qBittorrent.conf of an instance that speaks to loopback only and asks nobody outside for anything. */
export const renderConfig = (options: ConfigOptions): string => {
  const { tempPath, autorun, apiKey } = options
  return [
    "[LegalNotice]",
    "Accepted=true",
    "[Network]",
    "PortForwardingEnabled=false",
    "[Preferences]",
    "Connection\\ResolvePeerCountries=false",
    "Connection\\UPnP=false",
    "WebUI\\Enabled=true",
    "WebUI\\Address=127.0.0.1",
    `WebUI\\Port=${options.webPort}`,
    "WebUI\\UseUPnP=false",
    `WebUI\\LocalHostAuth=${!options.bypassLocalhost}`,
    `WebUI\\Username=${quote(options.username)}`,
    `WebUI\\Password_PBKDF2=${passwordHash(options.password)}`,
    ...(apiKey === undefined ? [] : [`WebUI\\APIKey=${apiKey}`]),
    "[BitTorrent]",
    `Session\\Port=${options.peerPort}`,
    "Session\\Interface=lo",
    "Session\\InterfaceName=lo",
    "Session\\InterfaceAddress=127.0.0.1",
    "Session\\BTProtocol=TCP",
    "Session\\DHTEnabled=false",
    "Session\\LSDEnabled=false",
    "Session\\PeXEnabled=false",
    "Session\\MultiConnectionsPerIp=true",
    "Session\\QueueingSystemEnabled=false",
    "Session\\RefreshInterval=250",
    "Session\\StopTrackerTimeout=1",
    "Session\\SSRFMitigation=false",
    `Session\\DefaultSavePath=${quote(options.savePath)}`,
    ...(tempPath === undefined ? [] : ["Session\\TempPathEnabled=true", `Session\\TempPath=${quote(tempPath)}`]),
    ...(autorun === undefined ? [] : ["[AutoRun]", "enabled=true", `program=${quote(autorun)}`]),
    ""
  ].join("\n")
}
