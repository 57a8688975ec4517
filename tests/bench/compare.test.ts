import { expect, test } from "vitest";
import { type Comparison, compare } from "../../bench/compare.js";
import type { SideSpec } from "../../bench/side.js";
import { modelJob } from "../../bench/workloads/model-job.js";

/** A side that says it needs `perText` seconds for each pass over a text, and a kilobyte for each pass it was asked for at once. */
const fake = (name: string, perText: number, fails = ""): SideSpec => ({
  name,
  command: process.execPath,
  arguments: ["-e", SCRIPT, name, String(perText), fails],
});
const SCRIPT = `
  const [name, perText, fails] = process.argv.slice(1);
  let passes = 0;
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const { do: wanted, lengths, epochs } = JSON.parse(line);
    const answers = {
      prepare: { versions: { [name]: "1" } },
      round: { seconds: perText * (lengths?.length ?? 0) * epochs, cpuSeconds: 0, flops: 8 },
      close: { peakBytes: 1000 * passes },
    };
    passes = Math.max(passes, epochs ?? 0);
    if (wanted === fails) process.exit(3);
    console.log(JSON.stringify(answers[wanted]));
    if (wanted === "close") process.exit();
  });
`;

const shape = { layers: 1, hiddenSize: 8, heads: 1, vocabSize: 16 };
const comparison: Comparison = {
  workload: "step",
  name: "case",
  job: modelJob(shape, 8),
  lengths: () => new Array<number>(32).fill(8),
};
const lines: string[] = [];
const optionsOf = (...sides: SideSpec[]) => ({
  sides,
  rounds: 3,
  threads: 1,
  log: (line: string) => void lines.push(line),
});

test("sides that need twice and half the time give these ratios, whatever a round repeats", async () => {
  const options = optionsOf(fake("textgraft", 0.001), fake("torch", 0.002), fake("hf", 0.0005));
  const { sides, ratios, versions } = await compare(comparison, options);
  expect(Object.keys(sides)).toEqual(["textgraft", "torch", "hf"]);
  expect(sides.textgraft!.rounds).toHaveLength(3);
  expect(sides.textgraft!.textsPerSecond).toBeCloseTo(1000, 6);
  expect(ratios.torch).toBeCloseTo(2, 9);
  expect(ratios.hf).toBeCloseTo(0.5, 9);
  expect(versions).toEqual({ textgraft: "1", torch: "1", hf: "1" });
});

test("peers run one epoch of many, and count as if they had run all", async () => {
  const options = optionsOf(fake("textgraft", 0.001), fake("torch", 0.002));
  const { sides, ratios } = await compare({ ...comparison, epochs: 10 }, options);
  expect(sides.textgraft!.peakBytes).toBe(10_000);
  expect(sides.torch!.peakBytes).toBe(1000);
  expect(ratios.torch).toBeCloseTo(2, 9);
});

test("in pairs, Textgraft's figures are those beside the first peer", async () => {
  const options = optionsOf(fake("textgraft", 0.001), fake("torch", 0.002), fake("hf", 0.004));
  const { sides, ratios } = await compare({ ...comparison, inPairs: true }, options);
  expect(Object.keys(sides)).toEqual(["textgraft", "torch", "hf"]);
  expect(sides.textgraft!.rounds).toHaveLength(3);
  expect(ratios.torch).toBeCloseTo(2, 9);
  expect(ratios.hf).toBeCloseTo(4, 9);
});

test.each(["prepare", "round"])("a peer that fails at %s is told, and the others go on", async (fails) => {
  const options = optionsOf(fake("textgraft", 0.001), fake("torch", 0.002, fails), fake("hf", 0.004));
  const { sides, failures } = await compare(comparison, options);
  expect(Object.keys(sides)).toEqual(["textgraft", "hf"]);
  expect(failures).toEqual({ torch: "torch failed: its process ended with code 3 before it answered." });
  expect(lines.at(-1)).toContain("torch failed");
});

test("without Textgraft there is no comparison", async () => {
  const options = optionsOf(fake("textgraft", 0.001, "round"), fake("torch", 0.002));
  await expect(compare(comparison, options)).rejects.toThrow(
    "textgraft failed: its process ended with code 3",
  );
});
