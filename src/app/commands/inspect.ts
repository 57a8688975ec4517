import type { Command } from "commander";
import { breathing } from "../../base/steps.js";
import { textsOf } from "../../data/examples.js";
import { findNearDuplicates } from "../../data/near-duplicates.js";
import { readingNotices } from "../../data/reading-notices.js";
import { openSpill } from "../../data/spill-node.js";
import { summarizing } from "../../data/summary.js";
import { inspectionData, inspectionReport } from "../../report/inspection.js";
import { percent } from "../../report/plain.js";
import { encodeTexts } from "../../run/encode-node.js";
import { trainOptions } from "../../run/options.js";
import { lengthLimitOf } from "../../run/plan.js";
import { openPretrained } from "../../run/pretrained-node.js";
import { readingOptions, readLabelled } from "../../run/reading-node.js";
import { lengthStatistics } from "../../tokens/lengths.js";
import { bothTexts, pairEncodings, pairsOf, requirePairs } from "../../tokens/pairs.js";
import { type App, type CommonFlags, jsonLine } from "../app.js";
import { barOf } from "../bar.js";
import { addLengthOptions, type LengthFlags, lengthOptions } from "../length-options.js";
import { modelEvents } from "../model-events.js";
import { openProgress } from "../progress.js";
import { addReadingOptions, LABELLED_DATA, type ReadingFlags } from "../reading-options.js";
import { addRejectedOption, type RejectedFlags, rejectedList } from "../rejected-option.js";

interface InspectFlags extends CommonFlags, LengthFlags, ReadingFlags, RejectedFlags {
  model: string;
  revision: string;
  cache?: boolean;
}

/** `textgraft inspect DATA` */
export function addInspect(program: Command, app: App): Command {
  const { model, revision } = trainOptions;
  const command = program
    .command("inspect")
    .description("look at labelled texts: labels, duplicates, lengths in tokens, and what a limit cuts")
    .argument("<data>", LABELLED_DATA)
    .option(
      "--model <name>",
      "model whose tokens are counted: a folder, mini (built in), or a Hugging Face Hub name",
      model.default,
    )
    .option("--revision <text>", revision.help, revision.default)
    .option("--no-cache", "don't keep the tokens of large data for later runs");
  addRejectedOption(addReadingOptions(command, ["text", "text2", "label", "multiLabel"]));
  return addLengthOptions(command, "tokens that are read at once; auto: what is suggested").action(
    (data: string, flags: InspectFlags) => inspectVerb(app, data, flags),
  );
}

async function inspectVerb({ stdout, stderr }: App, data: string, flags: InspectFlags): Promise<void> {
  const rejected = await rejectedList(flags, data);
  const dataset = await readLabelled(data, readingOptions(flags), { listBad: rejected.listBad });
  rejected.write(dataset.reading?.bad);
  const progress = openProgress(stderr, flags);
  for (const notice of readingNotices(dataset, rejected.name)) progress.say(notice);
  const tell = modelEvents(progress);
  const { tokenizer, config, folder } = await openPretrained(flags.model, { revision: flags.revision, tell });
  const options = lengthOptions(flags);
  lengthLimitOf(options, config.positions, { tokenizer, config }); // told before the long work
  if (dataset.columns?.pair) requirePairs(options.long);
  const texts = textsOf(dataset.examples);
  const looking = (share: number) => progress.live(() => `Looking for duplicates: ${percent(share)}`);
  looking(0);
  const duplicates = await breathing(findNearDuplicates(texts, openSpill), looking);
  const summary = await breathing(summarizing(dataset, duplicates));
  const bar = barOf("Tokenizing");
  const pairs = dataset.columns?.pair !== undefined;
  const encoded = await encodeTexts(pairs ? bothTexts(pairsOf(dataset.examples)) : texts, {
    tokenizer,
    files: folder.tokenizer,
    cacheAs: flags.cache === false ? undefined : flags.model,
    onProgress: (done, total) => progress.live(() => bar(done, total, " texts")),
  });
  progress.end();
  const encodings = pairs ? pairEncodings(encoded, tokenizer) : encoded;
  const lengths = lengthStatistics(
    Int32Array.from({ length: texts.length }, (_, i) => encodings.lengthOf(i)),
    Math.min(config.positions, tokenizer.modelMaxLength ?? config.positions),
  );
  const limit = lengthLimitOf(options, lengths.suggestedLength, { tokenizer, config });
  const passages = encodings.fitted(limit).count;
  const inspection = { dataset, summary, model: flags.model, lengths, limit, passages };
  stdout.write(flags.json ? jsonLine(inspectionData(inspection)) : inspectionReport(inspection));
}
