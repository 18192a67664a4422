/**
 * Lines and areas as canvas paths, straight from Float64Array columns.
 *
 * uPlot's own builders take null for a gap, which a typed array cannot hold; these take NaN. A column of more points
 * than pixels is drawn as first, least, greatest and last of each pixel column, which looks the same and costs less.
 */
import type uPlot from "uplot";

type Pixel = (value: number) => number;

interface Scales {
  readonly x: Pixel;
  readonly y: Pixel;
}

/** Value to canvas pixel for the scales in force; cheaper than `valToPos`, which looks everything up per point. */
function scalesOf(u: uPlot): Scales {
  const { left, top, width, height } = u.bbox;
  const sx = u.scales["x"]!;
  const sy = u.scales["y"]!;
  const x0 = sx.min!;
  const kx = width / (sx.max! - x0 || 1);
  const x: Pixel = (v) => left + (v - x0) * kx;
  if (sy.distr === 3) {
    const lo = Math.log10(sy.min!);
    const ky = height / (Math.log10(sy.max!) - lo || 1);
    return { x, y: (v) => top + height - (Math.log10(v) - lo) * ky };
  }
  const y0 = sy.min!;
  const ky = height / (sy.max! - y0 || 1);
  return { x, y: (v) => top + height - (v - y0) * ky };
}

/** A logarithmic scale has no place for zero and less: those points are gaps there. */
const drawable = (v: number, log: boolean): boolean => (log ? v > 0 : !Number.isNaN(v));

/** Appends one series' line to `path`, as one stroke per run between gaps. */
function trace(
  path: Path2D,
  times: Float64Array,
  values: Float64Array,
  { x, y }: Scales,
  log: boolean,
  dot: number,
): void {
  const n = values.length;
  let open = false;
  for (let i = 0; i < n; i++) {
    const v = values[i]!;
    if (!drawable(v, log)) {
      open = false;
      continue;
    }
    const px = x(times[i]!);
    const py = y(v);
    if (open) {
      path.lineTo(px, py);
    } else if (i + 1 < n && drawable(values[i + 1]!, log)) {
      path.moveTo(px, py);
      open = true;
    } else {
      // A reading alone has no line yet: it is a dot.
      path.moveTo(px + dot, py);
      path.arc(px, py, dot, 0, 2 * Math.PI);
    }
  }
}

function traceThinned(path: Path2D, times: Float64Array, values: Float64Array, { x, y }: Scales, log: boolean): void {
  const n = values.length;
  let open = false;
  let column = Number.NaN;
  let first = 0;
  let lo = 0;
  let hi = 0;
  let last = 0;
  const flush = (): void => {
    if (Number.isNaN(column)) return;
    if (open) path.lineTo(column, y(first));
    // A run begins half a pixel early, so that a reading alone has a length and is seen.
    else path.moveTo(column - 0.5, y(first));
    open = true;
    if (lo !== hi) {
      path.lineTo(column, y(lo));
      path.lineTo(column, y(hi));
    }
    path.lineTo(column, y(last));
  };
  for (let i = 0; i < n; i++) {
    const v = values[i]!;
    if (!drawable(v, log)) {
      flush();
      column = Number.NaN;
      open = false;
      continue;
    }
    const px = Math.round(x(times[i]!));
    if (px !== column) {
      flush();
      column = px;
      first = lo = hi = last = v;
    } else {
      if (v < lo) lo = v;
      if (v > hi) hi = v;
      last = v;
    }
  }
  flush();
}

/** uPlot path builder for one series' line; `floors` (same index as the series) makes it an area above its floor. */
export function pathBuilder(
  floorOf: (seriesIndex: number) => Float64Array | null,
  fills: (seriesIndex: number) => boolean,
) {
  return (u: uPlot, si: number): uPlot.Series.Paths => {
    const times = u.data[0] as unknown as Float64Array;
    const values = u.data[si] as unknown as Float64Array;
    const scales = scalesOf(u);
    const log = u.scales["y"]!.distr === 3;
    const stroke = new Path2D();
    if (values.length > u.bbox.width * 2) traceThinned(stroke, times, values, scales, log);
    else trace(stroke, times, values, scales, log, u.bbox.width / u.width);
    const fill = fills(si) ? area(times, values, floorOf(si), scales, u.bbox.top + u.bbox.height, log) : null;
    return { stroke, fill, clip: null, band: null, flags: 0 };
  };
}

/** The area between a line and its floor (the layer below, or the bottom of the plot), run by run. */
function area(
  times: Float64Array,
  values: Float64Array,
  floor: Float64Array | null,
  { x, y }: Scales,
  bottom: number,
  log: boolean,
): Path2D {
  const path = new Path2D();
  const low = (i: number): number => (floor && drawable(floor[i]!, log) ? Math.min(y(floor[i]!), bottom) : bottom);
  let start = -1;
  for (let i = 0; i <= values.length; i++) {
    const there = i < values.length && drawable(values[i]!, log);
    if (there) {
      if (start < 0) {
        start = i;
        path.moveTo(x(times[i]!), y(values[i]!));
      } else {
        path.lineTo(x(times[i]!), y(values[i]!));
      }
    } else if (start >= 0) {
      for (let k = i - 1; k >= start; k--) path.lineTo(x(times[k]!), low(k));
      path.closePath();
      start = -1;
    }
  }
  return path;
}
