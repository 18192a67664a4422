/** Marks and limits, drawn over the data: thin, so that they never hide it. */
import uPlot from "uplot";
import type { Shown } from "./plot.ts";

const HEAD_PX = 5;
const LABEL_PX = 10;

export function drawOver(u: uPlot, { marks, thresholds, colours, mirrored }: Shown): void {
  const { ctx } = u;
  const { left, top, width, height } = u.bbox;
  const ratio = uPlot.pxRatio;
  const horizontal = (value: number): void => {
    const y = Math.round(u.valToPos(value, "y", true));
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
  };
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.lineWidth = ratio;
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  ctx.font = `${LABEL_PX * ratio}px ${colours.font}`;
  ctx.textAlign = "right";
  for (const threshold of thresholds) {
    ctx.strokeStyle = colours.severity[threshold.severity];
    horizontal(threshold.value);
    ctx.fillStyle = colours.severity[threshold.severity];
    const y = u.valToPos(threshold.value, "y", true);
    // Above its line, unless the top of the plot would cut it.
    const under = y - top < (LABEL_PX + 4) * ratio;
    ctx.textBaseline = under ? "top" : "bottom";
    ctx.fillText(threshold.label, left + width - 2 * ratio, y + (under ? 3 : -3) * ratio);
  }
  ctx.setLineDash([]);
  for (const mark of marks) {
    const x = Math.round(u.valToPos(mark.timeMs / 1000, "x", true));
    if (x < left || x > left + width) continue;
    const colour = mark.severity ? colours.severity[mark.severity] : colours.strong;
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - 3 * ratio, top);
    ctx.lineTo(x + 3 * ratio, top);
    ctx.lineTo(x, top + HEAD_PX * ratio);
    ctx.closePath();
    ctx.fill();
  }
  // Received above, sent below: zero is the line between them.
  if (mirrored.some(Boolean)) {
    ctx.strokeStyle = colours.strong;
    horizontal(0);
  }
  ctx.restore();
}
