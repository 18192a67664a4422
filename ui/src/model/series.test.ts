import { describe, expect, it } from "vitest";
import {
  csvOf,
  extent,
  frameOf,
  fullName,
  greatest,
  inOrder,
  type Labels,
  nearestIndex,
  shortNames,
  stack,
  summarise,
  tellingLabels,
  thin,
} from "./series.ts";

const NaN_ = Number.NaN;
const col = (...values: number[]): Float64Array => Float64Array.from(values);

describe("shortNames", () => {
  const rows: [string, Labels[], string[]][] = [
    [
      "one differing label gives its bare value",
      [
        { __name__: "node_cpu_seconds_total", cpu: "0", mode: "idle" },
        { __name__: "node_cpu_seconds_total", cpu: "0", mode: "user" },
      ],
      ["idle", "user"],
    ],
    [
      "two differing labels keep their names",
      [
        { cpu: "0", mode: "idle" },
        { cpu: "1", mode: "idle" },
        { cpu: "0", mode: "user" },
        { cpu: "1", mode: "user" },
      ],
      ["mode=idle cpu=0", "mode=idle cpu=1", "mode=user cpu=0", "mode=user cpu=1"],
    ],
    [
      "a label that follows from a more telling one is dropped",
      [
        { device: "/dev/sda1", fstype: "ext4", mountpoint: "/" },
        { device: "/dev/sdb1", fstype: "xfs", mountpoint: "/data" },
      ],
      ["/", "/data"],
    ],
    ["a lone series is called by its metric", [{ __name__: "up", job: "node", instance: "a" }], ["up"]],
    [
      "different metrics are told apart by their names",
      [{ __name__: "node_load1" }, { __name__: "node_load5" }],
      ["node_load1", "node_load5"],
    ],
    ["hangul values are names like any other", [{ service: "결제" }, { service: "주문" }], ["결제", "주문"]],
    ["a missing label is a difference too", [{ a: "1" }, { a: "1", b: "2" }], ['{a="1"}', "2"]],
  ];
  it.each(rows)("%s", (_, sets, names) => {
    expect(shortNames(sets)).toEqual(names);
  });

  it("says which query a series came from when labels do not", () => {
    expect(shortNames([{}, {}], ["A", "B"])).toEqual(["A", "B"]);
    expect(
      shortNames([{ mode: "idle" }, { mode: "user" }, { mode: "idle" }, { mode: "user" }], ["A", "A", "B", "B"]),
    ).toEqual(["A · idle", "A · user", "B · idle", "B · user"]);
  });

  it("keeps the instance when nothing else differs", () => {
    expect(
      tellingLabels([
        { job: "node", instance: "a" },
        { job: "node", instance: "b" },
      ]),
    ).toEqual(["instance"]);
  });
});

describe("frames", () => {
  it("turn null into gaps and share one time axis", () => {
    const frame = frameOf([
      {
        id: "A",
        columns: {
          start_ms: 60_000,
          step_ms: 30_000,
          steps: 3,
          series: [{ labels: { a: "1" }, values: [1, null, 3] }],
        },
      },
      {
        id: "B",
        columns: { start_ms: 60_000, step_ms: 30_000, steps: 3, series: [{ labels: {}, values: [4, 5] }] },
        name: () => "other",
      },
    ]);
    expect([...frame.times]).toEqual([60, 90, 120]);
    expect([...frame.series[0]!.values]).toEqual([1, NaN_, 3]);
    expect([...frame.series[1]!.values]).toEqual([4, 5, NaN_]);
    expect(frame.series[1]!.name).toBe("other");
    expect(frame.series[0]!.key).not.toBe(frame.series[1]!.key);
  });

  it("are copied as CSV with quotes where needed and gaps left empty", () => {
    const frame = {
      times: col(0, 1),
      stepS: 1,
      series: [{ key: "a", labels: {}, name: 'say "hi", all', values: col(1.5, NaN_) }],
    };
    expect(csvOf(frame)).toBe(
      'time,"say ""hi"", all"\r\n1970-01-01T00:00:00.000Z,1.5\r\n1970-01-01T00:00:01.000Z,\r\n',
    );
  });
});

describe("numbers of a series", () => {
  it("are summarised without the gaps", () => {
    expect(summarise(col(NaN_, 2, NaN_, 4, NaN_))).toEqual({ last: 4, min: 2, max: 4, avg: 3 });
    expect(summarise(col(NaN_)).avg).toBeNaN();
  });
  it("stack without tearing holes where one series is absent", () => {
    const [a, b, c] = stack([col(1, 1, 1), col(2, NaN_, 2), col(3, 3, 3)]);
    expect([...a!.top]).toEqual([1, 1, 1]);
    expect([...b!.top]).toEqual([3, NaN_, 3]);
    expect([...c!.top]).toEqual([6, 4, 6]);
    expect([...c!.floor]).toEqual([3, 1, 3]);
  });
  it("have no extent when there is no point", () => {
    expect(extent([col(NaN_, NaN_)])).toBeNull();
    expect(extent([col(3, NaN_), col(-1)])).toEqual([-1, 3]);
  });
});

describe("choosing series", () => {
  const frame = {
    times: col(0, 1),
    stepS: 1,
    series: [
      { key: "a", labels: {}, name: "a", values: col(1, NaN_) },
      { key: "b", labels: {}, name: "b", values: col(9, 9) },
      { key: "c", labels: {}, name: "c", values: col(NaN_, 2) },
      { key: "d", labels: {}, name: "d", values: col(5, 5) },
    ],
  };
  it("keeps the greatest and sums the rest", () => {
    const kept = greatest(frame, 2, "others");
    expect(kept.series.map((s) => s.name)).toEqual(["b", "d", "others"]);
    expect([...kept.series[2]!.values]).toEqual([1, 2]);
  });
  it("does not replace a single series by a sum of itself", () => {
    expect(greatest(frame, 3, "others").series).toHaveLength(4);
  });
  it("puts listed names first", () => {
    expect(inOrder(frame, ["d", "b"]).series.map((s) => s.name)).toEqual(["d", "b", "a", "c"]);
  });
});

describe("thin", () => {
  it("keeps every peak and trough", () => {
    const many = Float64Array.from({ length: 10_000 }, (_, i) => (i === 4321 ? 99 : i === 8765 ? -99 : Math.sin(i)));
    const few = thin(many, 100);
    expect(few).toHaveLength(200);
    expect(extent([few])).toEqual([-99, 99]);
  });
  it("leaves short columns alone and long gaps as gaps", () => {
    const short = col(1, 2, 3);
    expect(thin(short, 10)).toBe(short);
    const gap = Float64Array.from({ length: 1000 }, (_, i) => (i < 500 ? 1 : NaN_));
    expect(thin(gap, 10)[19]).toBeNaN();
  });
});

describe("nearestIndex", () => {
  it.each([
    [-5, 0],
    [14, 1],
    [16, 2],
    [99, 3],
  ])("%d s is nearest to step %d", (seconds, index) => {
    expect(nearestIndex(col(0, 10, 20, 30), seconds)).toBe(index);
  });
});

describe("fullName", () => {
  it("is what one would type into the editor", () => {
    expect(fullName({ __name__: "up", job: "node" })).toBe('up{job="node"}');
    expect(fullName({ job: 'a"b' })).toBe('{job="a\\"b"}');
    expect(fullName({})).toBe("{}");
  });
});
