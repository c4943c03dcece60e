// Works that touch one disk run one after the other, so that the disk and the picture of it never part.

export class Turns {
  /** Kept once nothing is under way any more. */
  idle: Promise<void> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.idle.then(work)
    this.idle = done.then(() => undefined, () => undefined)
    return done
  }
}
