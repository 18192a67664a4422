import { expect, test } from "vitest";
import { type Column, csv, sorted } from "./table.ts";

interface Row {
  name: string;
  size: number | null;
}
const COLUMNS: Column<Row>[] = [
  { id: "name", title: "Name", value: (row) => row.name },
  { id: "size", title: "Size, bytes", num: true, value: (row) => row.size, text: (row) => `${row.size} B` },
  { id: "act", title: "" },
];
const ROWS: Row[] = [
  { name: "web-10", size: 2 },
  { name: "web-9", size: null },
  { name: '=cmd("x")', size: 10 },
];
const names = (rows: readonly Row[]): string[] => rows.map((row) => row.name);

test("numbers sort as numbers, and what is unknown comes last either way", () => {
  expect(names(sorted(ROWS, COLUMNS, { id: "size", falling: true }))).toEqual(['=cmd("x")', "web-10", "web-9"]);
  expect(names(sorted(ROWS, COLUMNS, { id: "size", falling: false }))).toEqual(["web-10", '=cmd("x")', "web-9"]);
});

test("names sort as people count", () => {
  expect(names(sorted(ROWS.slice(0, 2), COLUMNS, { id: "name", falling: false }))).toEqual(["web-9", "web-10"]);
});

test("a copy is CSV with whole figures, and nothing in it runs as a formula", () => {
  expect(csv(ROWS, COLUMNS)).toBe('Name,"Size, bytes"\r\nweb-10,2\r\nweb-9,\r\n"\'=cmd(""x"")",10');
});
