import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { translateFlags } from "../../src/app/aliases.js";
import { TextgraftError } from "../../src/base/errors.js";
import { flagName, trainOptions } from "../../src/run/options.js";
import { runInProcess } from "./run-in-process.js";

const own = new Set(
  Object.entries(trainOptions).map(
    ([name, option]) => `--${option.default === true ? "no-" : ""}${flagName(name)}`,
  ),
);
const translate = (...args: string[]) => translateFlags(["train", ...args], own);
const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");

test.each<[string, string]>([
  ["--model_name_or_path bert", "--model bert"],
  ["--train_file a.csv", "a.csv"],
  ["--validation_file b.csv", "--validation b.csv"],
  ["--test_file c.csv", "--test c.csv"],
  ["--text_column_name body", "--text body"],
  ["--text_column_names body", "--text body"],
  ["--label_column_name kind", "--label kind"],
  ["--output_dir out", "--output out"],
  ["--overwrite_output_dir", "--overwrite"],
  ["--overwrite_output_dir True", "--overwrite"],
  ["--overwrite_output_dir False", ""],
  ["--max_seq_length 128", "--max-length 128"],
  ["--max_length 128", "--max-length 128"],
  ["--num_train_epochs 3.0", "--epochs 3.0"],
  ["--per_device_train_batch_size 16", "--batch-size 16"],
  ["--gradient_accumulation_steps 2", "--accumulate 2"],
  ["--max_grad_norm 0.5", "--max-gradient-norm 0.5"],
  ["--label_smoothing_factor 0.1", "--label-smoothing 0.1"],
  ["--learning_rate 2e-5", "--learning-rate 2e-5"],
  ["--weight_decay 0.1", "--weight-decay 0.1"],
  ["--warmup_ratio 0.06", "--warmup 0.06"],
  ["--warmup_steps 0", "--warmup 0"],
  ["--warmup_steps 0.06", "--warmup 0.06"],
  ["--lr_scheduler_type linear", "--schedule linear"],
  ["--lr_scheduler_type constant", "--schedule constant --warmup 0"],
  ["--lr_scheduler_type constant_with_warmup", "--schedule constant"],
  ["--metric_for_best_model eval_accuracy", "--best accuracy"],
  ["--metric_for_best_model loss", "--best loss"],
  ["--use_cpu", "--device cpu"],
  ["--no_cuda", "--device cpu"],
  ["--multi_label", "--multi-label"],
  ["--no_cache", "--no-cache"],
])("%s is %s, in every way of writing it", (theirs, ours) => {
  const [flag, ...value] = words(theirs) as [string, ...string[]];
  const ways = [
    theirs,
    theirs
      .replaceAll("_", "-")
      .replace("constant-with-warmup", "constant_with_warmup")
      .replace("eval-", "eval_"),
  ];
  for (const way of ways) {
    const { args, notes } = translate("x.csv", ...words(way), "--seed", "1");
    expect(args).toEqual(["train", "x.csv", ...words(ours), "--seed", "1"]);
    const [used] = words(way) as [string];
    if (own.has(used)) expect(notes).toEqual([]);
    else expect(notes).toEqual([expect.stringContaining(`${used} `)]);
  }
  if (value.length === 1) {
    const joined = translate(`${flag}=${value[0]}`).args.slice(1);
    expect(joined.flatMap((arg) => arg.split("="))).toEqual(words(ours));
  }
  // Every flag that comes out is one of ours, with a value that it takes.
  for (const [i, word] of words(ours).entries()) {
    if (!word.startsWith("--")) continue;
    expect(own).toContain(word);
    const found = Object.entries(trainOptions).find(([name]) => `--${flagName(name)}` === word);
    const given = words(ours)[i + 1];
    if (found && found[1].placeholder !== "") expect(found[1].parse(given!)).toBeDefined();
  }
});

test.each([
  "--do_train",
  "--do_eval",
  "--do_predict True",
  "--eval_strategy epoch",
  "--evaluation_strategy=steps",
  "--eval_steps 500",
  "--save_strategy epoch",
  "--save_steps 500",
  "--save_total_limit 2",
  "--load_best_model_at_end",
  "--logging_strategy steps",
  "--logging_steps 10",
  "--logging_dir logs",
  "--report_to none",
  "--per_device_eval_batch_size 64",
  "--dataloader_num_workers 4",
  "--group_by_length",
  "--use_fast_tokenizer True",
  "--trust_remote_code False",
  "--fp16",
  "--bf16",
  "--tf32 True",
  "--adam_beta1 0.9",
  "--adam_beta2 0.999",
  "--adam_epsilon 1e-8",
  "--max_steps -1",
  "--optim adamw_torch",
  "--push_to_hub False",
])("%s changes nothing, and one line says so", (flags) => {
  for (const written of [flags, flags.replace(/^[^ =]+/, (flag) => flag.replaceAll("_", "-"))]) {
    const { args, notes } = translate(...words(written), "x.csv");
    expect(args).toEqual(["train", "x.csv"]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^--[\w-]+ (is ignored: .+|.+ is what Textgraft does|is off here anyway)\.$/);
  }
});

test.each([
  ["--lr_scheduler_type cosine", /cosine has no equal here; linear, constant/],
  ["--metric_for_best_model f1", /f1 has no equal/],
  ["--optim sgd", /sgd has no equal/],
  ["--warmup_steps 500", /500 steps; --warmup is a share/],
  ["--adam_beta2 0.98", /0\.98; here it is always 0\.999/],
  ["--adam_beta1 0.8", /always 0\.9/],
  ["--adam_epsilon 1e-6", /always 1e-8/],
  ["--max_steps 1000", /is 1000/],
  ["--text_column_names a,b", /several columns: a,b/],
  ["--dataset_name imdb", /from a file/],
  ["--task_name sst2", /from a file/],
  ["--max_train_samples 10", /all rows/],
  ["--tokenizer_name x", /own tokenizer/],
  ["--config_name x", /own configuration/],
  ["--resume_from_checkpoint x", /can't be resumed/],
  ["--push_to_hub", /nothing is uploaded/],
])("%s asks for what isn't there", (flags, message) => {
  const refused = expect.objectContaining({
    code: "option-invalid",
    message: expect.stringMatching(message),
    fix: expect.stringMatching(/\S/),
  });
  expect(() => translate("x.csv", ...words(flags))).toThrowError(refused);
  expect(() => translate("x.csv", ...words(flags))).toThrowError(TextgraftError);
});

test("a flag whose value is missing takes no other flag for it", () => {
  expect(translate("--save_steps", "--epochs", "3", "x.csv").args).toEqual([
    "train",
    "--epochs",
    "3",
    "x.csv",
  ]);
  expect(translate("x.csv", "--fp16", "--output_dir").args).toEqual(["train", "x.csv", "--output"]);
});

test("what is ours, unknown, of another verb, or behind -- stays as it is", () => {
  const stays = ["x.csv", "--epochs", "3", "--text=a_b", "--unknown_flag", "1", "-x", "plain_text"];
  expect(translate(...stays)).toEqual({ args: ["train", ...stays], notes: [] });
  expect(translate("--", "--num_train_epochs").args).toEqual(["train", "--", "--num_train_epochs"]);
  const predict = ["predict", "m", "--output_dir", "x", "--fp16"];
  expect(translateFlags(predict, new Set(["--output"]))).toEqual({ args: predict, notes: [] });
  expect(translateFlags(["tokenize", "--max_length", "4"], new Set(["--max-length"])).args[1]).toBe(
    "--max-length",
  );
  expect(translateFlags([], own)).toEqual({ args: [], notes: [] });
});

describe("on the command line", async () => {
  const folder = await mkdtemp(join(tmpdir(), "textgraft-aliases-"));
  afterAll(() => rm(folder, { recursive: true }));
  const rows = join(folder, "rows.csv");
  await writeFile(rows, "text,label\nhello,a\nbye,a\n");

  test("our flag is named on standard error, and used", async () => {
    const habits = [
      "--do_train",
      "--train_file",
      rows,
      "--num_train_epochs",
      "2",
      "--output_dir",
      join(folder, "m"),
    ];
    const { stderr, stdout, code } = await runInProcess("train", ...habits);
    const [first, second, third, fourth, error] = stderr.split("\n");
    expect(first).toBe("--do_train is ignored: train trains, validates and tests.");
    expect([second, third, fourth]).toEqual([
      "--train_file is the argument <data> here.",
      "--num_train_epochs is --epochs here.",
      "--output_dir is --output here.",
    ]);
    expect(error).toContain("rows.csv have the label"); // it was read
    expect({ stdout, code }).toEqual({ stdout: "", code: 2 });
    expect((await runInProcess("train", "--quiet", ...habits)).stderr).toMatch(/^Error: /);
  });

  test("a value that doesn't fit is told under our name, a missing one, too", async () => {
    const { stderr, code } = await runInProcess("train", rows, "--num_train_epochs", "2.5");
    expect(stderr).toContain('Error: --epochs is "2.5"');
    expect(code).toBe(2);
    expect((await runInProcess("train", rows, "--output_dir")).stderr).toContain(
      "'--output <text>' argument missing",
    );
    expect((await runInProcess("train", rows, "--optim", "sgd")).stderr).toMatch(
      /^Error: --optim sgd has no equal here.*\n.*AdamW/,
    );
  });
});

test("--no-header is --header no, of all verbs that read files, and needs no word", async () => {
  for (const flag of ["--no-header", "--no_header"])
    expect(translate("x.csv", flag, "--seed", "1")).toEqual({
      args: ["train", "x.csv", "--header", "no", "--seed", "1"],
      notes: [],
    });
  expect(translateFlags(["cache", "--no-header"], new Set()).args).toEqual(["cache", "--no-header"]);
  const folder = await mkdtemp(join(tmpdir(), "textgraft-header-"));
  const file = join(folder, "rows.csv");
  await writeFile(file, "text,label\na first text,a\na second text,b\n");
  const inspected = await runInProcess(
    "inspect",
    file,
    "--no-header",
    "--text",
    "1",
    "--label",
    "2",
    "--json",
  );
  const other = await runInProcess(
    "inspect",
    file,
    "--header",
    "no",
    "--text",
    "1",
    "--label",
    "2",
    "--json",
  );
  await rm(folder, { recursive: true });
  expect(inspected).toEqual(other);
  expect(inspected.code).toBe(0);
  expect(JSON.parse(inspected.stdout).labels.map(({ label }: { label: string }) => label)).toContain("label"); // the header is a row
});
