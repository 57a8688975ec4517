import { type Command, InvalidArgumentError, Option } from "commander";
import { explanationText } from "../../report/explanation.js";
import { grouped } from "../../report/plain.js";
import { type AttributionMethod, attributionMethods } from "../../run/attributions.js";
import { inputOf } from "../../tokens/pairs.js";
import { type App, type CommonFlags, jsonLine } from "../app.js";
import { showsColours } from "../colours.js";
import { openProgress } from "../progress.js";
import { addReadingOptions, type ReadingFlags } from "../reading-options.js";
import { addRejectedOption, type RejectedFlags } from "../rejected-option.js";
import { openInput } from "./predict.js";

interface ExplainFlags extends CommonFlags, Omit<ReadingFlags, "label">, RejectedFlags {
  input?: string;
  label?: string;
  method: AttributionMethod;
  steps?: number;
}

/** `textgraft explain DIR [TEXT…]` */
export function addExplain(program: Command, app: App): Command {
  const command = program
    .command("explain")
    .description("show which words of a text speak for a label and which against it")
    .argument("<dir>", "model folder that train wrote")
    .argument("[texts...]", "texts to explain; for a model of pairs a text and its second one in turn")
    .option(
      "--input <file>",
      "file with a column of texts (CSV, TSV, JSON, Parquet; also .gz, .zst), .txt with one text a line, or folder; - is standard input",
    )
    .option("--label <label>", "label to explain; if not given, the answer")
    .addOption(
      new Option("--method <name>", "integrated: integrated gradients; gradient: rough, but one pass")
        .choices(attributionMethods)
        .default("integrated"),
    )
    .option(
      "--steps <n>",
      "gradients on the way from all words masked to the text; 32 to 512, as needed, if not given",
      wholeNumber,
    );
  return addRejectedOption(addReadingOptions(command, ["text", "text2"])).action(
    (dir: string, texts: string[], flags: ExplainFlags) => explainVerb(app, dir, texts, flags),
  );
}

async function explainVerb(app: App, dir: string, args: string[], flags: ExplainFlags): Promise<void> {
  const { label, method, steps, json, ...input } = flags;
  const progress = openProgress(app.stderr, flags);
  if (args.length === 0 && flags.input === undefined && process.stdin.isTTY)
    progress.say("Reading texts from the keyboard, one a line; Ctrl-D ends.");
  const opened = await openInput(dir, args, input);
  let list = await opened.lists.next(); // what is wrong with the first rows is told before the model is loaded
  opened.tellColumns(progress);
  const { load } = await import("../../run/load-node.js");
  const classifier = await load(dir);
  const options = { method, ...(label !== undefined && { label }), ...(steps !== undefined && { steps }) };
  const colour = showsColours(app.stdout);
  let done = 0;
  try {
    for (; !list.done; list = await opened.lists.next()) {
      for (const row of list.value) {
        progress.live(() => `Explaining text ${grouped(done + 1)}`);
        const explanation = await classifier.explain(inputOf(row), options);
        progress.end();
        const shown = `${done > 0 ? "\n\n" : ""}${explanationText(explanation, { colour })}`;
        app.stdout.write(json ? jsonLine(explanation) : shown);
        done++;
      }
    }
    opened.tellRows(progress);
  } finally {
    progress.end();
    await classifier.close();
  }
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}
