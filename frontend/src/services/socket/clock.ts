/**
 * The server's clock as seen from here. Every countdown runs by it: a viewer whose own clock
 * is wrong must not see an offer as open that the server holds expired.
 */
export class ServerClock {
  private offset = 0

  constructor(private readonly local: () => number = Date.now) {}

  /** Takes the time the server has just told. Half a round trip of error is accepted. */
  sync(now: string): void {
    const server = Date.parse(now)
    if (!Number.isNaN(server)) this.offset = server - this.local()
  }

  /** Milliseconds since the epoch, by the server. */
  now(): number {
    return this.local() + this.offset
  }
}
