import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TextgraftError, type TrainInput, train } from "textgraft";
import { expect, test } from "vitest";
import { inventedRows } from "../support/tiny-model.js";
import { collect, csvOf, readJson, tinyOptions, tinyWorkplace } from "./train-tiny.js";

const rows = inventedRows(60);
const { folder, model } = await tinyWorkplace();
const output = join(folder, "model");
const file = async (name: string, content: string) => {
  await writeFile(join(folder, name), content);
  return join(folder, name);
};
const data = await file("reviews.csv", csvOf(rows));
const strange = await file("strange.csv", csvOf([...rows.slice(0, 9), { text: "a b", label: "desert" }]));

/** A copy of the model, with changes to config.json. */
async function changedModel(name: string, change: Record<string, unknown>): Promise<string> {
  const copy = join(folder, name);
  await cp(model, copy, { recursive: true });
  await writeFile(
    join(copy, "config.json"),
    JSON.stringify({ ...(await readJson(model, "config.json")), ...change }),
  );
  return copy;
}
const empty = join(folder, "empty");
await mkdir(empty);
const gpt2 = await changedModel("gpt2", { model_type: "gpt2" });
const narrow = await changedModel("narrow", { vocab_size: 40 });
const wide = await changedModel("wide", { intermediate_size: 96 });
const deep = await changedModel("deep", { num_hidden_layers: 3 });
const huge = await changedModel("huge", { vocab_size: 1e8 });
const garbled = await changedModel("garbled", {});
await writeFile(join(garbled, "model.safetensors"), "not weights at all");

test.each<[string, Record<string, unknown>, string, RegExp]>([
  ["an option that doesn't exist", { epoch: 3 }, "option-invalid", /There is no option epoch/],
  ["a value that doesn't fit", { warmup: 7 }, "option-invalid", /--warmup is "7"; it must be/],
  [
    "a file that isn't there",
    { data: join(folder, "review.csv") },
    "file-missing",
    /There is no file .*review\.csv/,
  ],
  [
    "a column that isn't there",
    { label: "topic" },
    "column-missing",
    /no column "topic".*"review", "category"/,
  ],
  ["no data", { data: undefined }, "data-invalid", /There are no rows/],
  ["no rows", { data: [] }, "data-invalid", /There are no rows/],
  [
    "rows of one label",
    { data: rows.filter(({ label }) => label === "sea") },
    "data-invalid",
    /have the label "sea"/,
  ],
  [
    "a label with two rows",
    { data: [...rows, { text: "a", label: "b" }, { text: "c", label: "b" }] },
    "data-invalid",
    /"b" \(2\)/,
  ],
  [
    "a row without a text",
    { data: [...rows, { text: " ", label: "sea" }] },
    "data-invalid",
    /row 61: text is " "/,
  ],
  [
    "a row whose label is a number",
    { data: [...rows, { text: "a", label: 1 }] },
    "data-invalid",
    /row 61: label is 1;/,
  ],
  [
    "test rows of another label",
    { test: strange },
    "label-unknown",
    /strange\.csv has .*"desert" \(row.* 10.*\)/,
  ],
  ["validation rows of another label", { validation: strange }, "label-unknown", /"desert"/],
  [
    "class weights of another label",
    { classWeights: "desert=2" },
    "label-unknown",
    /"desert".*garden, kitchen, sea/,
  ],
  ["class weights that can't be read", { classWeights: "heavy" }, "option-invalid", /--class-weights/],
  ["more tokens than positions", { maxLength: 65 }, "option-invalid", /--max-length is 65.*64 positions/],
  ["more frozen layers than there are", { freeze: 3 }, "option-invalid", /--freeze is 3.*2 layers/],
  ["a model that isn't there", { model: join(folder, "none") }, "file-missing", /none/],
  ["a model folder without a model", { model: empty }, "file-missing", /no config\.json/],
  ["a model of another family", { model: gpt2 }, "config-invalid", /model_type is "gpt2"/],
  ["a vocabulary that the model doesn't have", { model: narrow }, "model-invalid", /49 entries.*only 40/],
  [
    "weights of another shape",
    { model: wide },
    "weights-invalid",
    /intermediate\.dense\.weight.*\[64, 32\].*\[96, 32\]/,
  ],
  ["weights that are missing", { model: deep }, "weights-invalid", /lack 16 .*encoder\.layer\.2\./],
  [
    "more weights than memory can hold",
    { model: huge },
    "model-invalid",
    /word_embeddings.* has 3200000000 elements/,
  ],
  ["weights that can't be read", { model: garbled }, "weights-invalid", /model\.safetensors/],
  ["an output below a file", { output: join(data, "model") }, "option-invalid", /can't be made/],
])(
  "%s is told, to those who listen and to those who await the result",
  async (_name, change, code, message) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    const run = train({ ...tinyOptions, model, data, output, ...change } as TrainInput);
    const listening = collect(run);
    const error: unknown = await listening.catch((thrown: unknown) => thrown);
    await expect(run.result).rejects.toBe(error);
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);

    expect(error).toBeInstanceOf(TextgraftError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message), exitCode: 2 });
    expect((error as TextgraftError).fix).toBeTruthy();
    expect(existsSync(output)).toBe(false);
    expect((await readdir(folder)).filter((name) => name.startsWith("."))).toEqual([]);
  },
);

test("what is there and no model is never replaced", async () => {
  const notes = join(folder, "notes");
  await mkdir(notes);
  await writeFile(join(notes, "today.txt"), "important");
  const run = train({ ...tinyOptions, model, data, output: notes, overwrite: true });
  await expect(run.result).rejects.toMatchObject({ code: "output-exists" });
  expect(await readFile(join(notes, "today.txt"), "utf8")).toBe("important");
});
