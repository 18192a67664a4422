import { describe, expect, test } from "vitest";
import { Heights } from "./heights.ts";

describe("rows of different heights", () => {
  test("usual rows lie one after the other", () => {
    const heights = new Heights(22);
    heights.reset(50_000);
    expect([heights.top(0), heights.top(1), heights.total]).toEqual([0, 22, 1_100_000]);
    expect([heights.at(0), heights.at(21), heights.at(22), heights.at(9e9)]).toEqual([0, 0, 1, 49_999]);
  });

  test("an open row pushes down those below it, and only those", () => {
    const heights = new Heights(20);
    heights.reset(10);
    expect(heights.set(3, 120)).toBe(100);
    expect([heights.top(3), heights.top(4), heights.total]).toEqual([60, 180, 300]);
    expect([heights.at(60), heights.at(179), heights.at(180)]).toEqual([3, 3, 4]);
    expect(heights.set(3, 20)).toBe(-100);
    expect(heights.total).toBe(200);
  });

  test("rows that are added keep the heights of those before, beyond any capacity", () => {
    const heights = new Heights(20, 4);
    heights.reset(4);
    heights.set(1, 50);
    heights.grow(5000);
    expect([heights.count, heights.top(2), heights.total]).toEqual([5000, 70, 5000 * 20 + 30]);
  });

  test("agrees with a plain sum for random heights", () => {
    const heights = new Heights(22);
    heights.reset(300);
    const plain = Array.from({ length: 300 }, () => 22);
    let seed = 7;
    for (let i = 0; i < 900; i++) {
      seed = (seed * 48271) % 2147483647;
      const row = seed % 300;
      plain[row] = 10 + (seed % 90);
      heights.set(row, plain[row]!);
    }
    let sum = 0;
    for (let row = 0; row < 300; row++) {
      expect(heights.top(row)).toBe(sum);
      expect(heights.at(sum)).toBe(row);
      sum += plain[row]!;
    }
  });
});
