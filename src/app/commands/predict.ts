import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { TextgraftError } from "../../base/errors.js";
import { type BadRows, badRowsText } from "../../data/bad-rows.js";
import { readTexts, type TextRow } from "../../data/read-texts.js";
import { openRows, standardInput } from "../../data/rows/open-rows-node.js";
import type { RowSource } from "../../data/rows/row-source.js";
import { count, grouped } from "../../report/plain.js";
import type { TextClassifier } from "../../run/load-node.js";
import { readingOptions, readOptionsOf } from "../../run/reading-node.js";
import { inputOf } from "../../tokens/pairs.js";
import { type App, type CommonFlags, checkOutput } from "../app.js";
import { addDecisionOptions, type DecisionFlags, decisionOptions } from "../decision-options.js";
import { openPredictionOutput } from "../prediction-output.js";
import { openProgress, type Progress } from "../progress.js";
import { addReadingOptions, type ReadingFlags } from "../reading-options.js";
import {
  addRejectedOption,
  type RejectedFlags,
  type RejectedList,
  rejectedList,
} from "../rejected-option.js";

interface PredictFlags extends CommonFlags, ReadingFlags, DecisionFlags, RejectedFlags {
  input?: string;
  output?: string;
}

/** `textgraft predict DIR [TEXT…]` */
export function addPredict(program: Command, app: App): Command {
  const command = program
    .command("predict")
    .description("classify new texts: arguments, a file, or standard input with one text a line or as CSV")
    .argument("<dir>", "model folder that train wrote")
    .argument("[texts...]", "texts to classify")
    .option(
      "--input <file>",
      "file with a column of texts (CSV, TSV, JSON, Parquet; also .gz, .zst), .txt with one text a line, or folder; - is standard input (CSV if it begins with a header)",
    )
    .option("--output <file>", "write the input with predicted columns added as CSV; - is standard output");
  addRejectedOption(addReadingOptions(command, ["text", "text2"]));
  return addDecisionOptions(command).action((dir: string, texts: string[], flags: PredictFlags) =>
    predictVerb(app, dir, texts, flags),
  );
}

async function predictVerb(app: App, dir: string, args: string[], flags: PredictFlags): Promise<void> {
  const { input, output, json } = flags;
  if (output !== undefined) await checkOutput(output, { input, json });
  const progress = openProgress(app.stderr, flags);
  if (args.length === 0 && input === undefined && process.stdin.isTTY) {
    progress.say("Reading texts from the keyboard, one a line; Ctrl-D ends.");
  }
  const opened = await openInput(dir, args, flags);
  const first = await opened.lists.next(); // what is wrong with the first rows is told before the model is loaded
  opened.tellColumns(progress);
  const { load } = await import("../../run/load-node.js");
  const classifier = await load(dir, decisionOptions(flags));
  try {
    const results = await openPredictionOutput(app, flags, { classifier, source: opened.source });
    let done = 0;
    try {
      for (let list = first; !list.done; list = await opened.lists.next()) {
        const rows = list.value;
        const predictions = await classifier.predict(rows.map(inputOf), {
          onProgress: (more) => progress.live(() => `Predicting: ${grouped(done + more)} texts`),
        });
        done += rows.length;
        await results.write(rows, predictions);
      }
      await results.end();
    } catch (error) {
      await results.discard();
      throw error;
    } finally {
      progress.end();
    }
    opened.tellRows(progress);
    if (output !== undefined && output !== "-") progress.say(`Wrote ${count(done, "row")} to ${output}.`);
  } finally {
    await classifier.close();
  }
}

/** Rows to classify, some at a time, and what there is to tell of them. */
interface Input {
  source: Pick<RowSource, "columns" | "delimiter">;
  lists: AsyncIterator<TextRow[], void>;
  tellColumns(progress: Progress): void;
  /** Behind the last row. */
  tellRows(progress: Progress): void;
}

/** The texts that a model shall classify, wherever they come from. */
export async function openInput(dir: string, args: readonly string[], flags: PredictFlags): Promise<Input> {
  checkSources(args, flags);
  const rejected = await rejectedList(flags, flags.input);
  const { modelFacts } = await import("../../run/evaluate-node.js");
  const model = await modelFacts(dir);
  if (args.length === 0) return await openFile(flags.input ?? "-", flags, { ...model, rejected });
  const rows = model.pairs ? pairArguments(args) : args.map((text) => ({ values: [text], text }));
  async function* lists() {
    yield rows.map((row, i) => ({ ...row, row: i + 1 }));
  }
  return {
    source: { columns: model.pairs ? ["text", "text2"] : ["text"], delimiter: "," },
    lists: lists(),
    tellColumns() {},
    tellRows() {},
  };
}

/** Whether a model reads pairs, and the columns that it was trained on; and where bad rows are listed. */
type ReadBy = Pick<TextClassifier, "columns"> & { pairs?: boolean; rejected: RejectedList };

/** Arguments come in twos: a text and its second one. */
function pairArguments(args: readonly string[]): Pick<TextRow, "values" | "text" | "pair">[] {
  if (args.length % 2 === 1) {
    throw new TextgraftError("option-invalid", {
      message: `This model reads pairs of texts, and there ${args.length === 1 ? "is 1 text" : `are ${args.length} texts`} as arguments.`,
      fix: "Give a second text behind each first one, or a file with two columns: --input, --text, --text2.",
    });
  }
  return Array.from({ length: args.length / 2 }, (_, i) => {
    const [text, pair] = [args[2 * i]!, args[2 * i + 1]!];
    return { values: [text, pair], text, pair };
  });
}

/** Refuses texts that come from two places. */
function checkSources(args: readonly string[], { input, text, rejected }: PredictFlags): void {
  if (args.length === 0) return;
  if (rejected !== undefined) {
    throw new TextgraftError("option-invalid", {
      message: `--rejected ${rejected} is for rows of a file, but there are texts as arguments (${count(args.length, "text")}).`,
      fix: "Leave it out, or give a file with --input.",
    });
  }
  if (text !== undefined) {
    throw new TextgraftError("option-invalid", {
      message: `There are texts as arguments (${count(args.length, "text")}) and a column as --text ${text}.`,
      fix: "Leave out --text, or give a file with --input.",
    });
  }
  if (input !== undefined) {
    throw new TextgraftError("option-invalid", {
      message: `There are texts as arguments (${count(args.length, "text")}) and as --input ${input}.`,
      fix: "Give one of the two.",
    });
  }
}

async function openFile(
  path: string,
  flags: PredictFlags,
  { pairs, columns: usual, rejected }: ReadBy,
): Promise<Input> {
  const options = readingOptions(flags);
  const names = readOptionsOf(options);
  const { listBad } = rejected;
  const open = async () => {
    const source = await openRows(path, { ...names, plainLines: true });
    return { source, ...readTexts(source, names, { ...options, pairs, usual, listBad }) };
  };
  const { source, columns, bad, chunks } = await open();
  // Answers are written as they come, so that a file with too many bad rows is to be refused before the first.
  if (options.onBadRow !== "skip" && (await canBeReadTwice(path))) await (await open()).check();
  let last: TextRow | undefined;
  async function* lists(): AsyncGenerator<TextRow[], void> {
    for await (const rows of inLists(chunks())) {
      last = rows.at(-1);
      yield rows;
    }
  }
  return {
    source,
    lists: lists(),
    tellColumns({ say }) {
      if (!columns.text.guessed || source.columns.length === 1) return;
      if (source.source === standardInput) say(`Standard input is read as ${source.format}.`);
      const second = columns.pair ? ` and "${columns.pair.name}"` : "";
      const flag = columns.pair ? "--text and --text2 choose others" : "--text chooses another";
      say(`Texts are in column "${columns.text.name}"${second} (guessed; ${flag}).`);
    },
    tellRows({ say }) {
      rejected.write(bad);
      tellRows(source, { bad, listedIn: rejected.name }, last, say);
    },
  };
}

/** Not so standard input and other pipes. */
async function canBeReadTwice(path: string): Promise<boolean> {
  if (path === "-") return false;
  const found = await stat(path);
  return found.isFile() || found.isDirectory();
}

/** Rows that are predicted together: enough to sort them by length, few enough to hold them. */
const LIST_ROWS = 2048;
const LIST_UNITS = 2 ** 22;

/** Rows in lists of nearly the same size. */
async function* inLists(chunks: AsyncIterable<TextRow[]>): AsyncGenerator<TextRow[]> {
  let list: TextRow[] = [];
  let units = 0;
  for await (const rows of chunks) {
    for (const row of rows) {
      list.push(row);
      units += row.values.reduce((sum, value) => sum + value.length, 0);
      if (list.length < LIST_ROWS && units < LIST_UNITS) continue;
      yield list;
      list = [];
      units = 0;
    }
  }
  if (list.length > 0) yield list;
}

/** Rows that were left out. Where a line is a text, blank ones, too: an answer less than there are lines may surprise. */
function tellRows(
  { source, format }: RowSource,
  { bad, listedIn }: { bad: BadRows; listedIn: string },
  last: TextRow | undefined,
  say: Progress["say"],
): void {
  if (bad.count > 0)
    say(`Left out ${count(bad.count, "row")} of ${source}: ${badRowsText(bad)}; ${listedIn} lists them.`);
  if (!format.startsWith("one text a line") || last?.line === undefined) return;
  const blank = last.line - last.row; // those behind the last text move no answer
  if (blank > 0) say(`Left out ${count(blank, "blank line")}.`);
}
