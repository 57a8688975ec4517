import { expect, test } from "vitest";
import { flameSvg } from "../../bench/flame.js";
import { nodeTimes } from "../../bench/profile.js";

const node = (name: string, ts: number, dur: number, op = "Gemm") => ({
  cat: "Node",
  name: `${name}_kernel_time`,
  ts,
  dur,
  args: { op_name: op },
});
const run = (ts: number) => ({ cat: "Session", name: "model_run", ts, dur: 50 });

test("nodes' times are means over the last runs; earlier runs only warm up", () => {
  const gemm = "bert.encoder.layer.0/Gemm_3";
  const events = [run(0), node(gemm, 1, 900), run(100), node(gemm, 101, 20), run(200), node(gemm, 201, 40)];
  expect(nodeTimes(events, 2)).toEqual([{ place: "bert.encoder.layer.0", op: "Gemm", microseconds: 30 }]);
});

test("nodes that ONNX Runtime joined or added itself have a place, too", () => {
  const events = [run(0), node("fused bert.pooler/Gemm_3", 1, 5), node("MemcpyFromHost", 2, 5)];
  expect(nodeTimes(events, 1).map(({ place }) => place)).toEqual(["bert.pooler", "graph"]);
});

test("the flame view has a frame for each place and op, as wide as its share", () => {
  const svg = flameSvg([
    { place: "bert.encoder.layer.0", op: "Gemm", microseconds: 3000 },
    { place: "head", op: "A<B", microseconds: 1000 },
  ]);
  const titles = [...svg.matchAll(/<title>(.*?)<\/title>.*?width="([\d.]+)"/g)];
  expect(titles.map(([, title, width]) => [title, Number(width)])).toEqual([
    ["step: 4.00 ms, 100.0 %", 1200],
    ["bert: 3.00 ms, 75.0 %", 900],
    ["encoder: 3.00 ms, 75.0 %", 900],
    ["layer.0: 3.00 ms, 75.0 %", 900],
    ["Gemm: 3.00 ms, 75.0 %", 900],
    ["head: 1.00 ms, 25.0 %", 300],
    ["A&lt;B: 1.00 ms, 25.0 %", 300],
  ]);
});
