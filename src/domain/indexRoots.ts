/** A root that held at least so many files and shows none is not believed. */
const implausible = 1000

/** Why a root is not what it was, so that nothing may be concluded from what it shows; undefined when it is. */
export const strangeness = (
  before: { readonly fsid: string; readonly files: number } | undefined,
  now: { readonly fsid: string; readonly empty: boolean }
): string | undefined => {
  if (before === undefined || before.files === 0) return undefined
  if (before.fsid !== now.fsid) return `it was on the filesystem ${before.fsid} and is on ${now.fsid} now`
  return now.empty && before.files >= implausible ? `it is empty and held ${before.files} files` : undefined
}
