/** The part of a terminal's stream that we use; a test has its own. */
export interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

/** Lines that stay at the bottom of a terminal while others are written above them. */
export class Screen {
  readonly #stream: Stream
  #shown: ReadonlyArray<string> = []

  constructor(stream: Stream) {
    this.#stream = stream
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true
  }

  get columns(): number {
    return Math.max(20, this.#stream.columns ?? 80)
  }

  get rows(): number {
    return Math.max(2, this.#stream.rows ?? 24)
  }

  /** Writes whole lines above whatever stays at the bottom. */
  print(text: string): void {
    const bottom = this.#shown
    this.#stream.write(`${this.#erased()}${text}\n${bottom.map((line) => `${line}\n`).join("")}`)
    this.#shown = bottom
  }

  /** Replaces the lines at the bottom. Each must fit the width. Nothing happens off a terminal. */
  stay(lines: ReadonlyArray<string>): void {
    if (!this.isTerminal || (lines.length === 0 && this.#shown.length === 0)) return
    this.#stream.write(this.#erased() + lines.map((line) => `${line}\n`).join(""))
    this.#shown = lines
  }

  /** Moves to the first of the lines that stay and wipes from there, in the same write as what follows: no flicker. */
  #erased(): string {
    const lines = this.#shown.length
    this.#shown = []
    return lines === 0 ? "" : `\u001b[${lines}F\u001b[0J`
  }
}

/** Logs and progress share it, so that neither tears the other. */
export const standardError = new Screen(process.stderr)
