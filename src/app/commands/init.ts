import { access, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { Document, type Pair, type Scalar } from "yaml";
import { TextgraftError } from "../../base/errors.js";
import { countLabels, singleLabelsLookLikeSets } from "../../data/check.js";
import { type RoleCandidates, roleCandidates } from "../../data/column-roles.js";
import { chooseColumns } from "../../data/columns.js";
import type { Dataset } from "../../data/example.js";
import { openRows } from "../../data/rows/open-rows-node.js";
import { count, percent } from "../../report/plain.js";
import { SCHEMA_URL } from "../../run/config-schema.js";
import { flagName, type Recipe, resolveOptions, type TrainOptions, trainOptions } from "../../run/options.js";
import { readLabelled } from "../../run/reading-node.js";
import { type App, type CommonFlags, jsonLine } from "../app.js";
import { type Asker, agreeing, askingAt, type Choice } from "../ask.js";
import { openProgress, type Progress } from "../progress.js";

interface InitFlags extends CommonFlags {
  output: string;
  overwrite?: true;
  yes?: true;
}

/** `textgraft init [DATA]` */
export function addInit(program: Command, app: App): Command {
  return program
    .command("init")
    .description("look at labelled texts, ask what is wanted, and write a configuration file for train")
    .argument("[data]", "file with labelled texts")
    .option("--output <file>", "the file to write", "textgraft.yaml")
    .option("--overwrite", "replace a file that is already there")
    .option("--yes", "take every suggestion instead of asking")
    .action((data: string | undefined, flags: InitFlags) => initVerb(app, data, flags));
}

async function initVerb(app: App, data: string | undefined, flags: InitFlags): Promise<void> {
  const { output, overwrite, yes, json } = flags;
  if (!overwrite) await requireFree(output);
  const canAsk = process.stdin.isTTY && app.stderr.isTTY;
  if (!yes && !canAsk) {
    throw new TextgraftError("option-invalid", {
      message: "init asks questions, but there is no terminal to ask at.",
      fix: "Give --yes and the data: textgraft init reviews.csv --yes",
    });
  }
  const asker = yes ? agreeing : await askingAt(app.stderr);
  const settings = await interview(asker, data, openProgress(app.stderr, flags));
  await writeFile(output, configText(settings));
  if (json) app.stdout.write(jsonLine({ file: output, ...settings }));
  else
    app.stdout.write(
      `Wrote ${output}. What it would do: textgraft train --config ${output} --dry-run\n` +
        `Train: textgraft train --config ${output}\n`,
    );
}

type Settings = { data: string } & Partial<TrainOptions>;

/** Looks at the data and asks for what can't be seen in it; for what it hasn't, there is no question. */
export async function interview(
  asker: Asker,
  given: string | undefined,
  { say }: Pick<Progress, "say">,
): Promise<Settings> {
  const data = given ?? (await asker.text("Which file has the labelled texts?", "data.csv"));
  const source = await openRows(data);
  const names = source.columns.map((name) => name.trim()).filter((name) => name !== "");
  const guess = guessOf(() => chooseColumns(source));
  const column = (question: string, initial: string | undefined) =>
    asker.choose(
      question,
      names.map((value) => ({ value })),
      initial ?? names[0]!,
    );
  const text = await column("Which column has the texts?", guess?.text.name);
  const others = names.filter((name) => name !== text);
  const label = await column("Which column has the labels?", guess?.labels[0]?.name ?? others[0]);
  const roles = await rolesOf(asker, roleCandidates(source, [text, label]));
  const read = (multiLabel: boolean) =>
    readLabelled(data, resolveOptions({ text, label, ...roles, multiLabel }));
  const dataset = await read(false);
  const sets = singleLabelsLookLikeSets(dataset);
  const multiLabel =
    sets &&
    (await asker.choose(
      "Some labels look like several (a|b). May a text have several?",
      YES_OR_NO,
      "yes",
    )) === "yes";
  const found = multiLabel ? await read(true) : dataset;
  say(`${count(found.examples.length, "text")}; ${sharesOf(found)}.`);

  const weights = isImbalanced(found)
    ? await asker.choose("Some labels are rare. Shall they weigh more?", WEIGHTS, "balanced")
    : "none";
  const model = await modelOf(asker);
  const recipe = await asker.choose<Recipe>("How long may it train?", RECIPES, "standard");
  const output = await asker.text("Where shall the model lie?", trainOptions.output.default);
  return {
    ...{ data, text, label },
    ...roles,
    ...(multiLabel && { multiLabel }),
    ...(weights !== "none" && { classWeights: weights }),
    ...{ model, recipe, output },
  };
}

/** What other columns are for: second texts, and what tells training rows from test rows. */
async function rolesOf(
  asker: Asker,
  { pairs, groups, times, named }: RoleCandidates,
): Promise<Pick<Partial<TrainOptions>, "text2" | "group" | "time">> {
  const suggested = (names: readonly string[]) => names.find((name) => named.has(name));
  const text2 = await roleAsked(
    asker,
    "Is there a second text, so that the model reads pairs?",
    [
      { value: "no", hint: "single texts" },
      ...pairs.map((name) => ({ value: `yes, ${name}`, name, role: "text2" })),
    ],
    suggested(pairs),
  );
  const split = await roleAsked(
    asker,
    "Which rows shall test the model?",
    [
      { value: "any", hint: "at random; near duplicates stay together" },
      ...groups.map((name) => ({
        value: `whole groups of ${name}`,
        hint: "if rows of one of them are alike",
        name,
        role: "group",
      })),
      ...times.map((name) => ({
        value: `the newest by ${name}`,
        hint: "if texts change with time",
        name,
        role: "time",
      })),
    ],
    suggested(groups),
  );
  return { ...text2, ...split };
}

/** Asks for a column if there is one to choose, and gives its role; nothing for the first choice, which is of no column. */
async function roleAsked(
  asker: Asker,
  question: string,
  choices: readonly (Choice<string> & { name?: string; role?: string })[],
  suggested: string | undefined,
): Promise<Record<string, string>> {
  const [none, ...columns] = choices;
  if (columns.length === 0) return {};
  const initial = columns.find(({ name }) => name === suggested) ?? none!;
  const answer = await asker.choose(question, choices, initial.value);
  const chosen = columns.find(({ value }) => value === answer);
  return chosen ? { [chosen.role!]: chosen.name! } : {};
}

const YES_OR_NO: readonly Choice<"yes" | "no">[] = [{ value: "yes" }, { value: "no" }];

const WEIGHTS: readonly Choice<"balanced" | "none">[] = [
  { value: "balanced", hint: "finds more of the rare ones, with more false alarms" },
  { value: "none", hint: "most texts right in all" },
];

const MODELS: readonly Choice<string>[] = [
  { value: "mini", hint: "built in, English, small: minutes without a download" },
  { value: "distilbert-base-uncased", hint: "English, 66 million parameters" },
  { value: "bert-base-uncased", hint: "English, 110 million parameters" },
  { value: "xlm-roberta-base", hint: "100 languages, 278 million parameters" },
  { value: "another", hint: "a folder, or a name on the Hugging Face Hub" },
];

const RECIPES: readonly Choice<Recipe>[] = [
  { value: "quick", hint: "one pass over the texts: a first look" },
  { value: "standard", hint: "three passes" },
  { value: "thorough", hint: "up to six, as long as it gets better" },
];

async function modelOf(asker: Asker): Promise<string> {
  const chosen = await asker.choose("Which pretrained model?", MODELS, "mini");
  return chosen === "another"
    ? asker.text("Its folder, or its name on the Hub?", "google/electra-small-discriminator")
    : chosen;
}

/** The commonest label occurs more than three times as often as the rarest. */
function isImbalanced({ examples, labels }: Dataset): boolean {
  const counts = countLabels(examples, labels);
  return Math.max(...counts) > 3 * Math.min(...counts);
}

function sharesOf({ examples, labels }: Dataset): string {
  const counts = countLabels(examples, labels);
  const told = labels.slice(0, 8).map((label, id) => `${label} ${percent(counts[id]! / examples.length)}`);
  return `${told.join(", ")}${labels.length > 8 ? ` and ${labels.length - 8} more labels` : ""}`;
}

/** YAML with what each setting is as a comment. */
function configText(settings: Settings): string {
  const entries = Object.entries(settings).map(([name, value]) => [flagName(name), value] as const);
  const document = new Document(Object.fromEntries(entries));
  document.commentBefore = ` yaml-language-server: $schema=${SCHEMA_URL}\n Every flag of textgraft train can stand here; flags on the command line win.`;
  const { items } = document.contents as unknown as { items: Pair<Scalar, Scalar>[] };
  for (const { key, value } of items) {
    const name = Object.keys(settings).find((known) => flagName(known) === key.value)!;
    if (value) value.comment = ` ${name === "data" ? "file with the labelled texts" : helpOf(name)}`;
  }
  return document.toString({ lineWidth: 0 });
}

const helpOf = (name: string): string => trainOptions[name as keyof TrainOptions].help;

function guessOf<T>(choose: () => T): T | undefined {
  try {
    return choose();
  } catch (error) {
    if (error instanceof TextgraftError) return undefined;
    throw error;
  }
}

async function requireFree(path: string): Promise<void> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  throw new TextgraftError("output-exists", {
    message: `${path} is already there.`,
    fix: "Give --output another file, or --overwrite.",
  });
}
