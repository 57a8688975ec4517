import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CardFacts, modelCard } from "../../src/run/model-card.js";
import type { SavedFacts } from "../../src/run/saved-facts.js";
import { inventedRows } from "../support/tiny-model.js";
import { readYaml } from "../support/yaml.js";
import { csvOf, readJson, tinyOptions, tinyWorkplace, trained } from "./train-tiny.js";

const { folder, model } = await tinyWorkplace();
const rows = inventedRows(150);
const data = join(folder, "reviews.csv");
await writeFile(data, csvOf(rows));
const output = join(folder, "topics");
const { result } = await trained({
  ...tinyOptions,
  model,
  data,
  output,
  head: "gelu",
  headWidth: 9,
  epochs: 2,
});
const card = await readFile(join(output, "README.md"), "utf8");
const saved = (await readJson(output, "textgraft.json")) as unknown as SavedFacts;
const facts: CardFacts = {
  name: "topics",
  saved,
  model: result.model,
  test: result.test,
  modelType: "electra",
  stockClass: "ElectraForSequenceClassification",
};

const frontMatter = (text: string): Record<string, unknown> => {
  const [, matter] = /^---\n([\s\S]*?\n)---\n/.exec(text) ?? [];
  return readYaml(matter!) as Record<string, unknown>;
};

describe("the card of a trained model", () => {
  test("is the one of its facts", () => {
    expect(card).toBe(modelCard(facts));
  });

  test("has metadata as the Hub reads it, with the test's numbers", () => {
    const { metrics } = result.test;
    const known = { accuracy: metrics.accuracy, f1: metrics.macro.f1, roc_auc: metrics.rocAuc };
    const matter = frontMatter(card);
    expect(Object.keys(matter)).toEqual(["library_name", "pipeline_tag", "tags", "metrics", "model-index"]);
    expect(matter).toMatchObject({
      library_name: "transformers",
      pipeline_tag: "text-classification",
      tags: ["text-classification", "textgraft", "electra"],
    });
    const [index] = matter["model-index"] as [{ name: string; results: Record<string, unknown>[] }];
    expect(index.name).toBe("topics");
    const [{ task, dataset, metrics: told }] = index.results as [Record<string, unknown>];
    expect(task).toMatchObject({ type: "text-classification" });
    expect(dataset).toEqual({ type: "custom", name: "reviews.csv", split: "test" });
    const values = Object.fromEntries(
      (told as { type: string; value: number }[]).map(({ type, value }) => [type, value]),
    );
    expect(Object.keys(values)).toEqual(matter.metrics);
    for (const [type, value] of Object.entries(known)) expect(values[type], type).toBeCloseTo(value, 4);
  });

  test("tells how many texts of each label are where, and what became of them", () => {
    const { labels, parts } = result.data;
    for (const [id, label] of labels.entries()) {
      const counts = (["train", "validation", "test"] as const).map((part) => parts[part].byLabel[id]);
      expect(card).toContain(`| ${label} | ${counts.join(" | ")} |`);
      const { precision, recall, f1, support } = result.test.metrics.perLabel[id]!;
      const numbers = [precision, recall, f1].map((value) => value.toFixed(3));
      expect(card).toContain(`| ${label} | ${numbers.join(" | ")} | ${support} |`);
    }
    for (const { name, metrics } of result.test.floors)
      expect(card).toContain(`| ${name} | ${metrics.accuracy.toFixed(3)} |`);
    expect(card).toContain("| head | gelu, 9 units, filled up with zeros to 32 |");
    expect(card).toContain("2 of 2");
  });

  test("has no text of the data, and no path of the machine", () => {
    for (const { text } of rows) expect(card).not.toContain(text);
    expect(card).not.toContain(folder);
  });
});

const changed = (change: Partial<CardFacts>, run: Partial<SavedFacts["run"]> = {}): string =>
  modelCard({ ...facts, ...change, saved: { ...saved, ...change.saved, run: { ...saved.run, ...run } } });

test("a head that no class has is not said to load elsewhere", () => {
  const text = changed({ modelType: "textgraft_bert_mlp", stockClass: undefined });
  expect(frontMatter(text).library_name).toBe("textgraft");
  expect(text).toContain("neither transformers nor transformers.js load it");
  expect(text).not.toMatch(/from transformers import|@huggingface\/transformers/);
});

test("only a name on the Hub is a base model", () => {
  expect(frontMatter(card).base_model).toBeUndefined();
  expect(frontMatter(changed({ baseModel: "google/bert_uncased" })).base_model).toBe("google/bert_uncased");
});

test("numbers that are undefined are left out, and few texts are said to be few", () => {
  const metrics = { ...result.test.metrics, rocAuc: Number.NaN };
  const text = changed({ test: { ...result.test, metrics } });
  expect(frontMatter(text).metrics).not.toContain("roc_auc");
  expect(text).not.toContain("NaN");
  expect(text).toContain("With fewer than 30 test texts the numbers are rough: garden, kitchen, sea.");
});

test("how many training texts are longer than what is read is a whole sentence", () => {
  const limits = (cutShare: number) => changed({ model: { ...result.model, cutShare } });
  expect(limits(0.325)).toContain("tokens. 32.5 % of the training texts were longer.");
  expect(limits(0)).toContain("tokens. No training text was longer.");
});

test("leaks are said beside the results", () => {
  const leaks = { exact: 3, near: 1 };
  expect(changed({}, { data: { ...saved.run.data, leaks } })).toMatch(
    /though 4 of them have a copy or near copy in the training texts/,
  );
});

test("names that mean something to YAML or Markdown stay what they are", () => {
  const name = '- "no": {x}\n#: \u0085\u2028 \\ é 😀';
  const labels = ["a|b", "<script>", "`*_[x](y)"];
  const text = changed({ name, saved: { ...saved, labels } });
  expect(frontMatter(text)["model-index"]).toMatchObject([{ name }]);
  expect(text).toContain("| a\\|b |");
  expect(text).toContain("| \\<script\\> |");
  expect(text).toContain("| \\`\\*\\_\\[x\\](y) |");
  for (const word of ["no", "y", "Null", "1e3", "0x1", "~", "", " a", "a: b", "2024-01-01", "-"])
    expect(frontMatter(changed({ name: word }))["model-index"], word).toMatchObject([{ name: word }]);
});
