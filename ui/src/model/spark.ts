/** A small line as SVG path data: gaps stay gaps, a lone point is a dot of line. Pure. */

const DASH = 2;

export interface Spark {
  line: string;
  /** The same closed to the base, for a faint filling. */
  area: string;
}

/** `values` over the full width; `max` at the top, 0 at the bottom. */
export function spark(values: readonly (number | null)[], width: number, height: number, max: number): Spark {
  const top = max > 0 ? max : 1;
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const y = (value: number): number => height - Math.max(0, Math.min(1, value / top)) * height;
  const at = (n: number): string => String(Math.round(n * 10) / 10);
  let line = "";
  let area = "";
  let run: [number, number][] = [];
  const close = (): void => {
    if (run.length === 0) return;
    if (run.length === 1) {
      // One reading alone is a dash that ends (or at the left edge begins) where it was taken.
      const [x, top_] = run[0]!;
      run =
        x >= DASH
          ? [
              [x - DASH, top_],
              [x, top_],
            ]
          : [
              [x, top_],
              [x + DASH, top_],
            ];
    }
    const path = run.map(([px, py]) => `${at(px)} ${at(py)}`).join("L");
    line += `M${path}`;
    area += `M${at(run[0]![0])} ${height}L${path}L${at(run.at(-1)![0])} ${height}Z`;
    run = [];
  };
  values.forEach((value, i) => {
    if (value === null || !Number.isFinite(value)) close();
    else run.push([i * step, y(value)]);
  });
  close();
  return { line, area };
}
