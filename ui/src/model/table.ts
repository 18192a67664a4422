/** What a table knows of its columns: how a row sorts, how it reads as text, how it is copied. */

export interface Column<R> {
  id: string;
  title: string;
  /** What the cell is worth: sorted by, and copied. Absent for a column of buttons. */
  value?: (row: R) => string | number | null;
  /** How it reads when that is not the value itself. */
  text?: (row: R) => string;
  /** Right-aligned figures. */
  num?: boolean;
  /** Takes what is left of the width. */
  wide?: boolean;
  mono?: boolean;
  /** Drawn by the table's `cell` snippet. */
  drawn?: boolean;
}

export interface Sort {
  id: string;
  falling: boolean;
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Rows in order; what is unknown comes last either way, and equal rows keep their places. */
export function sorted<R>(rows: readonly R[], columns: readonly Column<R>[], sort: Sort | null): readonly R[] {
  const value = columns.find((column) => column.id === sort?.id)?.value;
  if (!sort || !value) return rows;
  const sign = sort.falling ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    if (typeof x === "number" && typeof y === "number") return (x - y) * sign;
    return collator.compare(String(x), String(y)) * sign;
  });
}

/** RFC 4180, with the figures whole and not as they read. */
export function csv<R>(rows: readonly R[], columns: readonly Column<R>[]): string {
  const kept = columns.filter((column) => column.value);
  const quoted = (value: string | number | null): string => {
    // A leading = + - @ would be run as a formula by spreadsheets; numbers keep their sign.
    const text = typeof value === "string" && /^[=+\-@\t]/.test(value) ? `'${value}` : String(value ?? "");
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [
    kept.map((column) => quoted(column.title)),
    ...rows.map((row) => kept.map((column) => quoted(column.value!(row)))),
  ];
  return lines.map((line) => line.join(",")).join("\r\n");
}
