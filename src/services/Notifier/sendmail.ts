import { Effect } from "effect"
import { type CallFailed, failed } from "../../platform/HttpApi.ts"
import { feed } from "../../platform/Process.ts"
import type { Notice } from "../Notifier.ts"
import { headerText, oneLine } from "./encoded.ts"

export interface MailOptions {
  readonly to: ReadonlyArray<string>
  readonly from: string | undefined
  readonly sendmail: string
}

/** `Name <address>`, or an address alone. */
const mailbox = (text: string): string => {
  const line = oneLine(text)
  const [, name, address] = /^([^<>]*\S)\s*<([^<>\s]+)>$/u.exec(line) ?? []
  return name === undefined || address === undefined ? line : `${headerText(name, " ")} <${address}>`
}

const base64Lines = (text: string): string =>
  Buffer.from(text.toWellFormed()).toString("base64").replaceAll(/.{76}/gu, "$&\n")

/** A whole message. Nothing of a notice can end a header: its title is on one line, its lines are in base64. */
export const messageOf = ({ from, to }: Omit<MailOptions, "sendmail">, { lines, title }: Notice): string =>
  [
    ...(from === undefined ? [] : [`From: ${mailbox(from)}`]),
    `To: ${to.map(mailbox).join(", ")}`,
    `Subject: ${headerText(title, "\n ")}`,
    "Auto-Submitted: auto-generated",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "",
    base64Lines(`${lines.join("\n")}\n`),
    ""
  ].join("\n")

/** Recipients are read from the message, so that none of them can be taken for an option. */
export const sendMail = (options: MailOptions, notice: Notice): Effect.Effect<void, CallFailed> =>
  feed(options.sendmail, ["-i", "-t"], messageOf(options, notice)).pipe(
    Effect.mapError(({ message }) => failed(message)),
    Effect.flatMap(({ code, output }) => {
      if (code === 0) return Effect.void
      const said = oneLine(output).slice(0, 200)
      return Effect.fail(failed(`${options.sendmail} ended with ${code}${said === "" ? "" : `: ${said}`}`))
    })
  )
