// Measures the memory that BERT-base and BERT-large take, with random weights and made-up texts of full length:
//
//     npm run build && node scripts/sizes.mjs [base|large]
//
// Prints, for each command, what Textgraft says beforehand and the largest resident memory of its process. Takes half an
// hour on two cores, and 6 GB of a disk. Free memory first: what would not fit is refused.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { random } from "../dist/base/random.js";
import { createClassifier } from "../dist/model/classifier.js";
import { readConfig } from "../dist/model/families.js";
import { encodeSafetensors } from "../dist/model/safetensors.js";

const cli = fileURLToPath(new URL("../dist/app/cli.js", import.meta.url));
const tokenizer = readFileSync(
  new URL("../tests/reference/tokenizers/bert-uncased/tokenizer.json", import.meta.url),
  "utf8",
);
const shapes = {
  base: { hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072 },
  large: { hidden_size: 1024, num_hidden_layers: 24, num_attention_heads: 16, intermediate_size: 4096 },
};
const trainings = {
  base: [[], ["--gradient-checkpointing"]],
  large: [["--gradient-checkpointing"]],
};
const STEPS = 2;
const BATCH = 32;
const LENGTH = 128;

const stream = random(0);
const draws = Float32Array.from({ length: 65_537 }, () => 0.02 * stream.normal());
const root = mkdtempSync(join(tmpdir(), "textgraft-sizes-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));
const only = process.argv.slice(2);
const names = Object.keys(shapes).filter((name) => only.length === 0 || only.includes(name));
const data = writeData();
console.log("| model | command | said beforehand | peak |");
console.log("| --- | --- | --- | --- |");
for (const name of names) {
  const model = writeModel(name);
  const output = join(root, `${name}-trained`);
  for (const flags of trainings[name]) {
    const all = ["--epochs", 1, "--batch-size", BATCH, "--max-length", LENGTH, ...flags];
    const files = ["--validation", data.validation, "--test", data.test, "--output", output, "--overwrite"];
    const { errors, peak } = await run(["train", data.train, "--model", model, ...files, ...all]);
    const said = /^It will take .* and ([\d.]+ GB) of memory\.$/m.exec(errors)?.[1] ?? "";
    row(name, `train ${all.join(" ")}`, said, peak);
  }
  const size = statSync(join(output, "model.safetensors")).size;
  const { peak } = await run(["predict", output, "--input", data.test]);
  row(name, "predict", `the file has ${gigabytes(size)}`, peak);
  rmSync(model, { recursive: true });
  rmSync(output, { recursive: true });
}

function row(name, command, said, peak) {
  console.log(`| BERT-${name} | \`${command}\` | ${said} | ${gigabytes(peak)} |`);
}

function gigabytes(bytes) {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** Runs the command line, and gives the largest resident memory of its process, worker included. */
async function run(args) {
  const atExit =
    'import { isMainThread } from "node:worker_threads"; if (isMainThread) ' +
    'process.on("exit", () => console.error("\\npeak", process.resourceUsage().maxRSS));';
  const hook = `data:text/javascript,${encodeURIComponent(atExit)}`;
  const child = spawn(process.execPath, ["--import", hook, cli, ...args.map(String)]);
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  child.stdout.resume();
  const status = await new Promise((resolve) => child.on("close", resolve));
  if (status !== 0) throw new Error(`${args.join(" ")}\n${errors}`);
  return { errors, peak: 1024 * Number(/^peak (\d+)$/m.exec(errors)[1]) };
}

/** A checkpoint with random weights, as the publisher of BERT would save one. */
function writeModel(name) {
  const folder = join(root, name);
  mkdirSync(folder);
  const config = {
    ...{ model_type: "bert", architectures: ["BertModel"], vocab_size: 30_522, max_position_embeddings: 512 },
    ...{ type_vocab_size: 2, hidden_act: "gelu", pad_token_id: 0, ...shapes[name] },
  };
  const spec = {
    config: readConfig(config),
    head: "stock",
    labels: ["a", "b"],
    problem: "single_label",
  };
  const { stages } = createClassifier(spec);
  const parameters = stages.flatMap((stage) => stage.parameters);
  const tensors = new Map(
    parameters.map((parameter) => [parameter.name, { shape: parameter.shape, data: roughValues(parameter) }]),
  );
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "tokenizer.json"), tokenizer);
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ pad_token: "[PAD]" }));
  const [header, ...chunks] = encodeSafetensors(tensors);
  const file = join(folder, "model.safetensors");
  writeFileSync(file, header);
  for (const chunk of chunks) writeFileSync(file, chunk, { flag: "a" });
  return folder;
}

/** Values of about the right size: hundreds of millions of draws would take minutes, and memory doesn't depend on them. */
function roughValues({ shape, initializer }) {
  const values = new Float32Array(shape.reduce((size, dim) => size * dim, 1));
  if (initializer.kind === "constant") return values.fill(initializer.value);
  for (let i = 0; i < values.length; i++) values[i] = draws[i % draws.length];
  return values;
}

/** Texts that are all longer than what is read of them. */
function writeData() {
  const words = Object.keys(JSON.parse(tokenizer).model.vocab).filter((word) => /^[a-z]{3,}$/.test(word));
  const draw = random(1);
  const textOf = () => Array.from({ length: 2 * LENGTH }, () => words[draw.int(words.length)]).join(" ");
  const write = (part, count) => {
    const file = join(root, `${part}.csv`);
    const rows = Array.from({ length: count }, (_, i) => `${textOf()},${"ab"[i % 2]}`);
    writeFileSync(file, ["text,label", ...rows].join("\n"));
    return file;
  };
  return { train: write("train", STEPS * BATCH), validation: write("validation", 8), test: write("test", 8) };
}
