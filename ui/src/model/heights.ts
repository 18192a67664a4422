/** Heights of rows in a list of which only a few are drawn: where row i begins, and which row is at y. Pure.
 *
 * A Fenwick tree over the differences to the usual height, so that 50,000 rows cost nothing while all are usual.
 */
export class Heights {
  readonly usual: number;
  #count = 0;
  #extra: Float64Array;
  #own: Float64Array;

  constructor(usual: number, capacity = 1024) {
    this.usual = usual;
    this.#extra = new Float64Array(capacity + 1);
    this.#own = new Float64Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  get total(): number {
    return this.top(this.#count);
  }

  /** Every row is usual again. */
  reset(count: number): void {
    this.#count = count;
    this.#extra = new Float64Array(Math.max(1024, count) + 1);
    this.#own = new Float64Array(Math.max(1024, count));
  }

  /** Rows are added at the end; those that are there keep their height. */
  grow(count: number): void {
    if (count + 1 > this.#extra.length) {
      const own = this.#own.slice(0, this.#count);
      this.reset(Math.max(count, this.#count * 2));
      for (const [i, extra] of own.entries()) if (extra !== 0) this.#add(i, extra);
    }
    this.#count = count;
  }

  /** Row `index` is `height` high; returns by how much that changed. */
  set(index: number, height: number): number {
    const change = height - this.usual - this.#own[index]!;
    if (change !== 0) this.#add(index, change);
    return change;
  }

  /** Where row `index` begins; `index` may be the count. */
  top(index: number): number {
    let sum = index * this.usual;
    for (let i = index; i > 0; i -= i & -i) sum += this.#extra[i]!;
    return sum;
  }

  /** The row at `y`, within the list. */
  at(y: number): number {
    let low = 0;
    let high = Math.max(0, this.#count - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.top(middle) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #add(index: number, change: number): void {
    this.#own[index]! += change;
    for (let i = index + 1; i < this.#extra.length; i += i & -i) this.#extra[i]! += change;
  }
}
