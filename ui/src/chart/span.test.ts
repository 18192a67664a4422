import { describe, expect, it } from "vitest";
import { spanOf, type Wishes } from "./span.ts";

const free: Wishes = { min: null, max: null, thresholds: [], stacked: false, log: false };
const col = (...values: number[]): Float64Array => Float64Array.from(values);
const none = Number.NaN;

describe("the span of a y axis", () => {
  it.each<[string, number[], Partial<Wishes>, [number, number]]>([
    ["nothing to draw", [none], {}, [0, 1]],
    ["only zeros", [0, 0], {}, [0, 1]],
    ["zero is included when data comes near it", [2, 10], {}, [0, 10.6]],
    ["and left out when it does not", [90, 100], {}, [89.4, 100.6]],
    ["a flat line stands on zero", [5, 5], {}, [0, 5.3]],
    ["a stack stands on zero", [90, 100], { stacked: true }, [0, 106]],
    ["mirrored data hangs from zero", [-4, 10], {}, [-4.84, 10.84]],
    ["a share reaches to its whole", [0.1, 0.4], { min: 0, max: 1 }, [0, 1]],
    ["and beyond it when it must", [0.1, 2], { min: 0, max: 1 }, [0, 2.12]],
    ["gaps are no values", [none, 2, none, 10], {}, [0, 10.6]],
    ["a near limit belongs in the picture", [0.5, 0.6], { min: 0, thresholds: [{ value: 0.9 }] }, [0, 0.9 * 1.06]],
    ["a far one does not", [0.01, 0.02], { min: 0, thresholds: [{ value: 0.9 }] }, [0, 0.02 * 1.06]],
    ["decades on a logarithmic scale", [0, 3, 250], { log: true }, [1, 1000]],
    ["a whole decade stays one", [1, 10], { log: true }, [1, 10]],
    ["no positive value on a logarithmic scale", [0, -3], { log: true }, [0.1, 1]],
  ])("%s", (_, values, wishes, [low, high]) => {
    const [lo, hi] = spanOf([col(...values)], { ...free, ...wishes });
    expect(lo).toBeCloseTo(low, 9);
    expect(hi).toBeCloseTo(high, 9);
  });
});
