export interface Access {
  readonly url: string
  readonly account: string
  readonly key: string
  readonly bucket: string
}

const quote = (value: string): string => `"${value.replaceAll('"', '""')}"`

/** rclone's connection string. */
export const rcloneRemote = (access: Access, path: string, options: Readonly<Record<string, string>>): string => {
  const all = { account: access.account, key: access.key, endpoint: access.url, ...options }
  const pairs = Object.entries(all).map(([name, value]) => `${name}=${quote(value)}`)
  return `:b2,${pairs.join(",")}:${access.bucket}${path === "" ? "" : `/${path}`}`
}

/** A section of rclone.conf. */
export const rcloneConfig = (access: Access, name: string): string =>
  `[${name}]\ntype = b2\naccount = ${access.account}\nkey = ${access.key}\nendpoint = ${access.url}\n`
