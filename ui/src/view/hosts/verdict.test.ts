import { describe, expect, it } from "vitest";
import { findings, type Mount, type Numbers } from "./verdict.ts";

const calm: Numbers = {
  cpu: 0.2,
  memory: 0.5,
  load: 1,
  cores: 4,
  pressureIo: 0,
  pressureMemory: 0,
  filesOpen: 0.01,
  mounts: [],
};
const mount = (used: number, fullInS: number | null = null, inodes: number | null = 0.1): Mount => ({
  mount: "/",
  device: "/dev/sda1",
  takenBytes: 100 * used,
  availBytes: 100 * (1 - used),
  fullInS,
  inodes,
});

describe("the verdict on a host", () => {
  it.each<[string, Partial<Numbers>, string[]]>([
    ["a calm host has nothing to say", {}, []],
    ["unknown numbers are no findings", { cpu: null, memory: Number.NaN, load: null }, []],
    ["a full disk is critical", { mounts: [mount(0.98)] }, ["disk_full critical"]],
    ["a disk that fills tonight is a warning", { mounts: [mount(0.8, 9 * 3600)] }, ["disk_fills warning"]],
    ["one that fills next week is not said yet", { mounts: [mount(0.8, 6 * 86_400)] }, []],
    ["an emptyish disk that took a large file is not alarming", { mounts: [mount(0.2, 2 * 3600)] }, []],
    ["inodes run out on their own", { mounts: [mount(0.3, null, 0.99)] }, ["inodes critical"]],
    ["a busy processor is never critical by itself", { cpu: 1 }, ["cpu warning"]],
    ["load is judged by cores", { load: 9, cores: 4 }, ["load warning"]],
    ["waiting for memory counts early", { pressureMemory: 0.15 }, ["pressure_memory warning"]],
    [
      "critical comes first",
      { memory: 0.92, mounts: [mount(0.99)], cpu: 0.99 },
      ["disk_full critical", "memory warning", "cpu warning"],
    ],
  ])("%s", (_, change, said) => {
    expect(findings({ ...calm, ...change }).map((f) => `${f.kind} ${f.severity}`)).toEqual(said);
  });
});
