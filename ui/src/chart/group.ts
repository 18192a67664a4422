/** Charts that share a crosshair: pointing at 02:14 in one shows 02:14 in all of a page. */

export interface Follower {
  /** Show the crosshair at this moment (unix seconds), or nowhere. */
  follow(seconds: number | null): void;
}

export class CrosshairGroup {
  readonly #members = new Set<Follower>();

  /** Joins a chart; returns how to leave. */
  join(member: Follower): () => void {
    this.#members.add(member);
    return () => this.#members.delete(member);
  }

  /** The chart under the pointer tells the others. */
  tell(from: Follower, seconds: number | null): void {
    for (const member of this.#members) if (member !== from) member.follow(seconds);
  }
}
