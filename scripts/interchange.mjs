// Exchanges models with Python's transformers in both directions, and compares token ids and logits:
//
//     npm run interchange -- --python PATH
//
// From Python: small models with random weights of every family, as transformers saves them. To Python: what Textgraft
// trains from them, with each head that a class of transformers has. Prints a table for docs/models.md; fails where ids differ
// or logits by more than 1e-5. Where the Python has no transformers, it says so and does nothing.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { random } from "../dist/base/random.js";
import { load, train } from "../dist/index.js";
import { createClassifier } from "../dist/model/classifier.js";
import { classifierFacts } from "../dist/run/classifier-facts.js";
import { openWorkerEngine } from "../dist/run/engine-worker-node.js";
import { trainOptions } from "../dist/run/options.js";
import { openPretrained, writeWeights } from "../dist/run/pretrained-node.js";

const TOLERANCE = 1e-5;
const { values: flags } = parseArgs({ options: { python: { type: "string", default: "python3" } } });
const script = fileURLToPath(new URL("interchange.py", import.meta.url));
const texts = JSON.parse(
  readFileSync(new URL("../tests/reference/tokenizers/texts.json", import.meta.url), "utf8"),
);

if (spawnSync(flags.python, ["-c", "import torch, transformers"]).status !== 0) {
  console.log(
    `Skipped: ${flags.python} has no transformers with PyTorch; --python names one that has (pip install torch transformers).`,
  );
  process.exit(0);
}
const root = mkdtempSync(join(tmpdir(), "textgraft-interchange-"));
try {
  await exchange();
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function exchange() {
  python("make", root);
  const made = readJson(join(root, "manifest.json"));
  const models = made
    .filter(({ kind }) => kind === "classifier" || kind === "multi-label")
    .map((entry) => ({ ...entry, way: "from Python" }));
  for (const entry of made.filter(({ kind }) => kind === "base" || kind === "mlm"))
    models.push(...(await trainedFrom(entry)));
  for (const { folder } of models) await answer(folder);
  writeFileSync(join(root, "models.json"), JSON.stringify(models));
  python("compare", root);
  const results = readJson(join(root, "results.json"));
  print(results);
  const failures = results.filter(
    (result) =>
      result.largest > TOLERANCE ||
      result.otherIds.length > 0 ||
      result.wrongLabels ||
      result.missing.length + result.unexpected.length > 0,
  );
  for (const failure of failures) console.error(`Failed: ${JSON.stringify(failure)}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

/** Trains from a base model with every kind of head, and from one with the head of its pretraining for several labels. */
async function trainedFrom({ family, kind, folder }) {
  const heads = kind === "mlm" ? ["stock"] : headsFor();
  const trained = [];
  for (const head of heads) {
    const multiLabel = kind === "mlm";
    const output = `${folder}-${head}`;
    try {
      await train({
        ...{ model: folder, output, head, multiLabel, data: rowsOf(multiLabel) },
        ...{ epochs: 1, batchSize: 16, learningRate: 1e-2, maxLength: 64, cache: false },
      }).result;
    } catch (error) {
      if (error.code !== "option-invalid") throw error; // no class of transformers has this head for this family
      continue;
    }
    const name = multiLabel ? "stock, multi-label" : head;
    trained.push({ family, kind: name, folder: output, way: "to Python" });
  }
  return trained;
}

/** All but mlp, which no class of transformers has. */
function headsFor() {
  return trainOptions.head.placeholder.split("|").filter((head) => head !== "mlp");
}

/** Every text, twice, with invented labels. */
function rowsOf(multiLabel) {
  return texts
    .filter((text) => text.trim().length > 3)
    .flatMap((text, i) => [`${text} a`, `${text} ${i}`])
    .map((text, i) =>
      multiLabel ? { text, labels: i % 3 ? ["b", "c"] : ["a"] } : { text, label: "abc"[i % 3] },
    );
}

/** Writes what Textgraft makes of all texts, and of pairs of them, beside the model. */
async function answer(folder) {
  const classifier = await load(folder); // as a user would: what it refuses, fails here
  await classifier.close();
  const pretrained = await openPretrained(folder);
  const { head, problem, labels, maxLength } = classifierFacts(pretrained);
  const spec = { config: pretrained.config, head, problem, labels };
  const engine = await openWorkerEngine({ classifier: spec, device: "cpu", frozenStages: 0 });
  await writeWeights(engine, createClassifier(spec), pretrained, {
    random: random(0),
    labelRows: labels.map((_, id) => id),
  });
  // Where both texts are too long by themselves, the Rust library cuts them before it weighs one against the other.
  const whole = texts.filter(
    (text) => text !== "" && pretrained.tokenizer.encode(text).inputIds.length < maxLength,
  );
  const pairs = whole.slice(1, 25).map((pair, i) => ({ text: whole[i], pair }));
  const rows = [];
  for (const { text, pair } of [...texts.map((text) => ({ text })), ...pairs]) {
    const { inputIds, tokenTypeIds } = pretrained.tokenizer.encode(text, maxLength, pair);
    const logits = await engine.logits({
      examples: Int32Array.of(rows.length),
      length: inputIds.length,
      inputIds,
      attentionMask: new Int32Array(inputIds.length).fill(1),
      tokenTypeIds,
    });
    rows.push({
      ...{ text, pair, logits: [...logits] },
      ...{ inputIds: [...inputIds], tokenTypeIds: [...tokenTypeIds] },
    });
  }
  await engine.close();
  const answers = { labels, problem: `${problem}_classification`, maxLength, rows };
  writeFileSync(join(folder, "answers.json"), JSON.stringify(answers));
}

function print(results) {
  console.log(
    "| family | class | way | models | texts and pairs | ids differ | largest difference of a logit |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  for (const group of groupsOf(results).values()) {
    const [{ family, way, class: name }] = group;
    const rows = group.reduce((total, result) => total + result.rows, 0);
    const otherIds = group.reduce((total, result) => total + result.otherIds.length, 0);
    const kinds = group.map(({ kind }) => kind).join("; ");
    const largest = Math.max(...group.map((result) => result.largest)).toExponential(1);
    console.log(`| ${family} | \`${name}\` | ${way} | ${kinds} | ${rows} | ${otherIds} | ${largest} |`);
  }
}

function groupsOf(results) {
  const groups = new Map();
  for (const result of results) groups.set(keyOf(result), [...(groups.get(keyOf(result)) ?? []), result]);
  return groups;
}

function keyOf({ family, way, class: name }) {
  return [family, way, name].join();
}

function python(...args) {
  const { status, stderr } = spawnSync(flags.python, [script, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}
