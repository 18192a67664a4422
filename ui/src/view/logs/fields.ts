/** What a line has under a name: what was parsed, its attributes, its stream's labels, or its own JSON. */
import { jsonRows, type Line, type Node } from "../../model/logs.ts";

const opened = new WeakMap<Line, readonly Node[]>();

export function jsonOf(line: Line): readonly Node[] {
  let rows = opened.get(line);
  if (!rows) {
    rows = jsonRows(line.text) ?? [];
    opened.set(line, rows);
  }
  return rows;
}

export function fieldOf(line: Line, name: string): string {
  const said = line.fields[name] ?? line.attributes[name] ?? line.stream.labels[name];
  if (said !== undefined) return said;
  if (name === "service") return line.stream.service;
  if (name === "level") return line.severity;
  return jsonOf(line).find((row) => row.field === name)?.text ?? "";
}
