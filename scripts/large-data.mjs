// Prints what large data takes: memory for each row, and rows a second of near duplicates, splitting and tokenizing. Makes
// its own CSV files in a temporary folder, of two sizes, so that memory for each row is a slope and what is there anyway
// doesn't count. `npm run build` first; `node scripts/large-data.mjs [MEGABYTES] [short|long]`.
import { spawnSync } from "node:child_process";
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const kinds = { short: (next) => 5 + next(20), long: (next) => 200 + next(800) };

const [mode, ...given] = process.argv.slice(2);
if (mode === "measure") await measure(...given);
else await all(Number(mode ?? 300), given[0] ? [given[0]] : Object.keys(kinds));

/** Words of short messages and of long articles, about as many different ones as a language has. */
function writeRows(path, megabytes, wordsOf) {
  const file = openSync(path, "w");
  let state = 12345;
  const next = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  // Words are taken about as unequally often as in real texts.
  const word = () => wordOf(Math.floor(30_000 ** (next(1e6) / 1e6)));
  let [bytes, rows] = [0, 0];
  let lines = ["label,text"];
  while (bytes < megabytes * 1e6) {
    const text = Array.from({ length: wordsOf(next) }, word).join(" ");
    lines.push(`${next(3) === 0 ? "spam" : "ham"},"${text}"`);
    bytes += text.length + 8;
    rows++;
    if (lines.length === 1000) {
      writeSync(file, `${lines.join("\n")}\n`);
      lines = [];
    }
  }
  writeSync(file, `${lines.join("\n")}\n`);
  closeSync(file);
  return rows;
}

/** An invented word for each number. */
function wordOf(number) {
  const syllables = [
    "ba",
    "de",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "ze",
    "an",
    "el",
    "in",
    "or",
  ];
  let word = "";
  for (let rest = number + 16; rest > 0; rest = Math.floor(rest / 16)) word += syllables[rest % 16];
  return word;
}

async function all(megabytes, wanted) {
  const folder = mkdtempSync(join(tmpdir(), "textgraft-large-"));
  try {
    for (const kind of wanted) {
      const results = [megabytes / 2, megabytes].map((size) => {
        const path = join(folder, "rows.csv");
        const rows = writeRows(path, size, kinds[kind]);
        const cache = join(folder, "cache");
        const run = (what, threads) => {
          const self = fileURLToPath(import.meta.url);
          const args = ["--expose-gc", self, "measure", what, path, String(threads)];
          const env = { ...process.env, TEXTGRAFT_CACHE: cache };
          const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8", env });
          if (status !== 0) throw new Error(stderr);
          return JSON.parse(stdout);
        };
        const inUse = run("memory", 2);
        rmSync(cache, { recursive: true, force: true });
        const data = run("data", 2);
        const cached = run("tokens", 2);
        rmSync(cache, { recursive: true, force: true });
        const one = run("tokens", 1);
        rmSync(cache, { recursive: true, force: true });
        return { rows, size, inUse, data, one, cached };
      });
      print(kind, results);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(kind, [small, large]) {
  const rate = (seconds) => Math.round(large.rows / seconds).toLocaleString("en-US");
  console.log(`\n${kind} rows: ${Math.round(large.size)} MB, ${large.rows.toLocaleString("en-US")} rows\n`);
  console.log(
    "| step | rows a second | bytes of memory a row, in use behind it | in use at most | resident at most |",
  );
  console.log("| --- | --- | --- | --- | --- |");
  const slope = (a, b) => Math.round((b - a) / (large.rows - small.rows));
  for (const [i, step] of large.data.steps.entries()) {
    const before = small.data.steps[i];
    const [few, many] = [small.inUse.steps[i], large.inUse.steps[i]];
    const name = step.name === "tokenizing" ? "tokenizing, 2 workers" : step.name;
    console.log(
      `| ${name} | ${rate(step.seconds)} | ${slope(few.used, many.used)} | ${slope(few.most, many.most)} | ${slope(before.peak, step.peak)} |`,
    );
  }
  const tokenizing = ({ steps }) => steps.find(({ name }) => name === "tokenizing").seconds;
  console.log(`| tokenizing, 1 worker | ${rate(tokenizing(large.one))} | | | |`);
  console.log(`| tokens from the cache | ${rate(tokenizing(large.cached))} | | | |`);
  const peak = ({ data }) => Math.round(data.peak / 1e6);
  console.log(`\nPeak of the whole process: ${peak(small)} and ${peak(large)} MB.`);
}

/** The data part of a training on a file, in this process; prints JSON. */
async function measure(what, path, threads) {
  const [{ breathing }, { findParts }, { encodeTexts }, { openPretrained }, { random }, { openSpill }] =
    await Promise.all(
      [
        "base/steps",
        "run/parts",
        "run/encode-node",
        "run/pretrained-node",
        "base/random",
        "data/spill-node",
      ].map((name) => import(`#textgraft/${name}.js`)),
    );
  const { inOrder } = await import("#textgraft/run/tokenize.js");
  const { textsOf } = await import("#textgraft/data/examples.js");
  const { planBatches } = await import("#textgraft/tokens/batch.js");
  const { lengthsOf } = await import("#textgraft/run/evaluate.js");
  const { tokenizer, folder } = await openPretrained("mini");
  const steps = [];
  let [peak, most, highest] = [0, 0, 0];
  const inUse = () => {
    globalThis.gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const sample = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
    if (what === "memory") most = Math.max(most, inUse());
  };
  const timer = setInterval(sample, what === "memory" ? 200 : 20);
  const step = async (name, work) => {
    [peak, most] = [0, 0];
    const start = performance.now();
    const result = await work();
    sample();
    const seconds = (performance.now() - start) / 1000;
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 200));
    steps.push({ name, seconds, used: inUse(), most, peak });
    highest = Math.max(highest, peak);
    return result;
  };
  const encode = (texts) =>
    encodeTexts(texts, { tokenizer, files: folder.tokenizer, threads: Number(threads), cacheAs: "mini" });
  const data = await step("keeping rows", () => readData(path));
  if (what === "tokens") await step("tokenizing", () => encode(textsOf(data.examples)));
  else {
    const { split } = await step("duplicates and split", () =>
      breathing(
        findParts({ data }, { problem: "single_label", grouped: true, random: random(42), openSpill }),
      ),
    );
    const encodings = await step("tokenizing", () => encode(textsOf(inOrder(split))));
    await step("planning an epoch and reading its tokens", async () => {
      const numbers = Uint32Array.from({ length: split.train.length }, (_, i) => i);
      const passages = encodings.fitted({ maxLength: 64, long: "head", stride: 0 });
      let tokens = 0;
      for (const { rows } of planBatches(lengthsOf(passages, numbers), { batchSize: 32, random: random(1) }))
        for (const row of rows) tokens += passages.at(row).inputIds.length;
      return tokens;
    });
  }
  clearInterval(timer);
  console.log(JSON.stringify({ steps, peak: highest }));
}

/** These rows have no quotes inside of texts, so that a reader's own time and memory don't count. */
async function readData(path) {
  const { examplesBuilder } = await import("#textgraft/data/examples.js");
  const { sortedLabels } = await import("#textgraft/data/example.js");
  const { openSpill } = await import("#textgraft/data/spill-node.js");
  const builder = examplesBuilder(openSpill);
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path) })) {
    if (line++ === 0) continue;
    const comma = text.indexOf(",");
    builder.add({ text: text.slice(comma + 2, -1), labels: [text.slice(0, comma)], row: line - 1, line });
  }
  return { source: path, examples: builder.examples, labels: sortedLabels(builder.labels) };
}
