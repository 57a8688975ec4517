import { existsSync } from "node:fs";
import {
  appendFile,
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TextgraftError } from "../../src/base/errors.js";
import { encodeSafetensors } from "../../src/model/safetensors.js";
import { embeddedModel, fileSource, openModelFolder } from "../../src/run/model-folder-node.js";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "textgraft-folder-"));
});
afterAll(() => rm(root, { recursive: true }));

const tensor = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
const weights = (tensors: Record<string, { shape: number[]; data: Float32Array }>) =>
  Buffer.concat(encodeSafetensors(new Map(Object.entries(tensors))));

/** A fresh folder with these files; objects are written as JSON. */
async function folder(files: Record<string, string | Buffer | object>): Promise<string> {
  const path = await mkdtemp(join(root, "model-"));
  for (const [name, content] of Object.entries(files)) {
    const raw = typeof content === "string" || Buffer.isBuffer(content);
    await writeFile(join(path, name), raw ? content : JSON.stringify(content));
  }
  return path;
}

async function refusal(path: string): Promise<TextgraftError> {
  const error = await openModelFolder(path).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TextgraftError);
  expect((error as TextgraftError).fix).toBeTruthy();
  return error as TextgraftError;
}

test("the embedded encoder opens, with the names and shapes of a BERT", async () => {
  expect(existsSync(embeddedModel())).toBe(true);
  const model = await openModelFolder(embeddedModel());
  const {
    vocab_size: vocabulary,
    hidden_size: hidden,
    num_hidden_layers: layers,
  } = model.config as Record<string, number>;
  const expected = ["word", "position", "token_type"].map(
    (kind) => `bert.embeddings.${kind}_embeddings.weight`,
  );
  expected.push("bert.pooler.dense.weight", "bert.pooler.dense.bias");
  expected.push("bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.bias");
  for (let layer = 0; layer < layers!; layer++) {
    for (const part of [
      ...["query", "key", "value"].map((kind) => `attention.self.${kind}`),
      ...[
        "attention.output.dense",
        "attention.output.LayerNorm",
        "intermediate.dense",
        "output.dense",
        "output.LayerNorm",
      ],
    ]) {
      for (const kind of ["weight", "bias"]) expected.push(`bert.encoder.layer.${layer}.${part}.${kind}`);
    }
  }
  expect(model.weights.names.filter((name) => name.startsWith("bert."))).toEqual(expected.sort());
  expect(model.weights.shape("bert.embeddings.word_embeddings.weight")).toEqual([vocabulary, hidden]);
  // Read as anything but float16, these scales would not all lie about 1.
  const scale = await model.weights.read("bert.embeddings.LayerNorm.weight");
  expect(scale.length).toBe(hidden);
  expect(scale.every((value) => value > 0.05 && value < 5)).toBe(true);
  expect(JSON.parse(model.tokenizer.tokenizerJson!).model.type).toBe("WordPiece");
  expect(model.tokenizer.tokenizerConfigJson).toBe(
    await readFile(join(model.path, "tokenizer_config.json"), "utf8"),
  );
  // Both are there or not needed: no fallback is read.
  expect(model.tokenizer.vocabTxt).toBeUndefined();
  expect(model.textgraft).toBeUndefined();
});

test("an old checkpoint: vocab.txt, special tokens, byte order mark, textgraft.json", async () => {
  const path = await folder({
    "config.json": '\ufeff{"model_type": "bert"}',
    "vocab.txt": "[PAD]\n[UNK]\n",
    "special_tokens_map.json": '{"pad_token": "[PAD]"}',
    "textgraft.json": { seed: 0 },
    "model.safetensors": weights({ a: tensor(1, 2) }),
    "pytorch_model.bin": "not looked at",
  });
  const model = await openModelFolder(path);
  expect(model.config).toEqual({ model_type: "bert" });
  expect(model.textgraft).toEqual({ seed: 0 });
  expect(model.tokenizer).toEqual({
    tokenizerJson: undefined,
    tokenizerConfigJson: undefined,
    specialTokensMapJson: '{"pad_token": "[PAD]"}',
    vocabTxt: "[PAD]\n[UNK]\n",
  });
  expect([...(await model.weights.read("a"))]).toEqual([1, 2]);
});

const INDEX = "model.safetensors.index.json";
const shards = {
  "config.json": {},
  "model-00001-of-00002.safetensors": weights({ b: tensor(1), unlisted: tensor(9) }),
  "model-00002-of-00002.safetensors": weights({ a: tensor(2, 3), c: tensor(4) }),
  [INDEX]: {
    metadata: { total_size: 16 },
    weight_map: {
      a: "model-00002-of-00002.safetensors",
      b: "model-00001-of-00002.safetensors",
      c: "model-00002-of-00002.safetensors",
    },
  },
};

test("shards are one reader", async () => {
  const model = await openModelFolder(await folder(shards));
  expect(model.weights.names).toEqual(["a", "b", "c"]);
  expect(model.weights.shape("a")).toEqual([2]);
  expect([...(await model.weights.read("a"))]).toEqual([2, 3]);
  const target = new Float32Array(1);
  await model.weights.readInto("b", target);
  expect(target[0]).toBe(1);
  await expect(model.weights.read("d")).rejects.toMatchObject({ code: "weights-invalid" });
});

test("shards that are missing or don't hold what the index says", async () => {
  const path = await folder(shards);
  await rm(join(path, "model-00002-of-00002.safetensors"));
  const error = await refusal(path);
  expect(error.code).toBe("file-missing");
  expect(error.message).toMatch(/lacks 1 of the 2 files .*: model-00002-of-00002\.safetensors\./);

  const moved = { weight_map: { ...shards[INDEX].weight_map, c: "model-00001-of-00002.safetensors" } };
  const wrong = await refusal(await folder({ ...shards, [INDEX]: moved }));
  expect(wrong.code).toBe("weights-invalid");
  expect(wrong.message).toMatch(/model-00001-of-00002\.safetensors has no tensor "c"/);
});

test.each<[string, unknown]>([
  ["leads out of the folder", { weight_map: { a: "../other.safetensors" } }],
  ["leads out of the folder on Windows", { weight_map: { a: "..\\other.safetensors" } }],
  ["names a pickle", { weight_map: { a: "pytorch_model.bin" } }],
  ["names no file", { weight_map: { a: 1 } }],
  ["has no map", { metadata: {} }],
  ["is an array", []],
])("refused: an index that %s", async (_what, index) => {
  const error = await refusal(await folder({ ...shards, [INDEX]: JSON.stringify(index) }));
  expect(error.code).toBe("weights-invalid");
  expect(error.message).toContain(INDEX);
});

test("no folder, a file, no config.json, no weights", async () => {
  const nowhere = await refusal(join(root, "nowhere"));
  expect(nowhere.code).toBe("file-missing");
  expect(nowhere.message).toMatch(
    /no folder .*nowhere; a model folder with config\.json, tokenizer\.json and model\.s/,
  );

  const path = await folder({ "model.safetensors": weights({}), "notes.txt": "x" });
  const noConfig = await refusal(path);
  expect(noConfig.code).toBe("file-missing");
  expect(noConfig.message).toMatch(/no config\.json; it holds model\.safetensors, notes\.txt\.$/);

  const aFile = await refusal(join(path, "model.safetensors"));
  expect(aFile.code).toBe("model-invalid");
  expect(aFile.message).toContain("is a file");
  expect(aFile.fix).toContain(path);

  const noWeights = await refusal(await folder({ "config.json": {}, "tf_model.h5": "x" }));
  expect(noWeights.code).toBe("file-missing");
  expect(noWeights.message).toMatch(/no weights.*it holds config\.json, tf_model\.h5\./);
});

test("a link to nothing, as in a cleared cache, names the file", async () => {
  const path = await folder({ "config.json": {} });
  await symlink(join(root, "gone"), join(path, "model.safetensors"));
  const error = await refusal(path);
  expect(error.code).toBe("file-missing");
  expect(error.message).toMatch(/model\.safetensors can't be read \(ENOENT\)/);
});

test("pickles are refused, with the reason and the way out", async () => {
  const pickled = { "config.json": { architectures: ["BertForMaskedLM"] }, "pytorch_model.bin": "x" };
  const error = await refusal(await folder(pickled));
  expect(error.code).toBe("weights-invalid");
  expect(error.message).toMatch(/pytorch_model\.bin.*pickle runs the code/);
  expect(error.fix).toMatch(/transformers\.BertForMaskedLM\.from_pretrained\(.*\)\.save_pretrained\(/);
  const sharded = await refusal(
    await folder({ "config.json": { architectures: ["a; b()"] }, "pytorch_model-00001-of-00002.bin": "x" }),
  );
  expect(sharded.fix).toContain("transformers.AutoModel.from_pretrained");
});

test("weights shorter than their header says", async () => {
  const path = await folder({
    "config.json": {},
    "model.safetensors": weights({ a: tensor(1, 2), b: tensor(3) }),
  });
  const file = join(path, "model.safetensors");
  await truncate(file, (await readFile(file)).length - 2);
  const error = await refusal(path);
  expect(error.code).toBe("weights-invalid");
  expect(error.message).toContain(file);
  expect(error.message).toMatch(/cut short.*"b" ends at/);
});

test("weights that change between opening and reading are not mixed", async () => {
  const path = await folder({ "config.json": {}, "model.safetensors": weights({ a: tensor(1, 2) }) });
  const model = await openModelFolder(path);
  await appendFile(join(path, "model.safetensors"), "x");
  await expect(model.weights.read("a")).rejects.toThrow(/changed while it was being read/);
});

test("a file source reads by position and ends where the file ends", async () => {
  const source = await fileSource(join(await folder({ x: "0123456789" }), "x"));
  expect(source.size).toBe(10);
  expect(Buffer.from(await source.read(3, 4)).toString()).toBe("3456");
  expect(Buffer.from(await source.read(8, 4)).toString()).toBe("89");
});

test.each<[string, string, RegExp]>([
  ["a comma too many", '{\n  "a": 1,\n}', /line 3, column 1 has "}"/],
  ["a comma missing", '{\n  "a": 1\n  "b": 2}', /line 3, column 3 has "\\"b\\": 2}"/],
  ["Python's NaN", '{"a": [1, NaN]}', /line 1, column 11 has "NaN\]}"/],
  ["Python's None, Windows lines", '{"a": 1,\r\n "b": None}', /line 2, column 7 has "None}"/],
  ["cut short", '{"a": {"b": [1, 2]', /line 1, column 19 has the end of the file/],
  ["empty", "", /line 1, column 1 has the end/],
  ["two values", '{"a": 1} {}', /line 1, column 10 has "{}"/],
  ["a bracket that closes nothing", '{"a": 1}]', /column 9 has "]"/],
  ["brackets crossed", '{"a": [1}]', /column 9 has "}]"/],
  ["single quotes", "{'a': 1}", /column 2 has "'a': 1}"/],
  ["a comment", '{"a": 1 // one\n}', /column 9 has "\/\/ one\\n}"/],
  ["an array's comma", "[1,]", /column 4 has "]"/],
  ["a key without value", '{"a"}', /column 5 has "}"/],
  ["a number as key", "{1: 2}", /column 2 has "1: 2}"/],
  ["a leading zero", '{"a": 012}', /column 7 has "012}"/],
  ["a line break in a string", '{"a": "x\ny"}', /line 1, column 7/],
])("config.json with %s names line and column", async (_what, text, message) => {
  const error = await refusal(await folder({ "config.json": text, "model.safetensors": weights({}) }));
  expect(error.code).toBe("config-invalid");
  expect(error.message).toContain("config.json");
  expect(error.message).toMatch(message);
});

test("in broken JSON, what comes before the place told could still have become JSON", async () => {
  const path = await folder({ "model.safetensors": weights({}) });
  const breakIt = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom(...'{}[],:"x1 \\'))
    .map(([text, at, mark]) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + mark + text.slice(cut + 1);
    });
  await fc.assert(
    fc.asyncProperty(breakIt, async (text) => {
      fc.pre(!isJson(text) && !text.includes("\n"));
      await writeFile(join(path, "config.json"), text);
      const error = await refusal(path);
      const column = Number(/column (\d+)/.exec(error.message)?.[1]);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(canBecomeJson(text.slice(0, column - 1))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("other JSON files are checked too, and config.json has to be an object", async () => {
  const files = { "config.json": {}, "model.safetensors": weights({}) };
  for (const name of [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "textgraft.json",
  ]) {
    const error = await refusal(await folder({ ...files, [name]: '{"a"' }));
    expect(error.message).toMatch(new RegExp(`${name} is not valid JSON: line 1, column 5`));
  }
  for (const [text, found] of [
    ["[]", "an array"],
    ["null", "null"],
    ['"x"', '"x"'],
  ] as const) {
    const error = await refusal(await folder({ ...files, "config.json": text }));
    expect(error.code).toBe("config-invalid");
    expect(error.message).toContain(`object, and holds ${found}`);
  }
});

test("the names in Hub caches are links, and folders may be given relative", async () => {
  const real = await folder({ blob: weights({ a: tensor(7) }), settings: {} });
  const path = await folder({});
  await symlink(join(real, "blob"), join(path, "model.safetensors"));
  await symlink(join(real, "settings"), join(path, "config.json"));
  await mkdir(join(path, "onnx"));
  await copyFile(join(real, "settings"), join(path, "onnx", "config.json"));
  const model = await openModelFolder(join(path, "onnx", ".."));
  expect(model.path).toBe(path);
  expect([...(await model.weights.read("a"))]).toEqual([7]);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether some ending makes it JSON: tries every way to finish the last token and close what is open. */
function canBecomeJson(start: string): boolean {
  const open: string[] = [];
  for (const [mark] of start.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (mark === "{") open.unshift("}");
    else if (mark === "[") open.unshift("]");
    else if (mark === "}" || mark === "]") open.shift();
  }
  const ends = ["", "0", '"":0', ":0", ',"":0'];
  return ends.some((end) => isJson(start + end + open.join("")));
}
