import { TextgraftError } from "../base/errors.js";

/** A command line in our flags, and a line for each flag that was written in another way. */
export interface Translated {
  args: string[];
  notes: string[];
}

/**
 * Puts our flags into the place of those of transformers' training scripts (`--num_train_epochs 3`, with underscores or
 * hyphens), where they mean the same, and of our own ones written with underscores. `args` begin with the verb; `own`
 * are its flags. Flags that change nothing here are left out, with a note. `--no-header` is `--header no`, without a note:
 * many programs have it. What stands behind `--` stays.
 *
 * @throws TextgraftError option-invalid for a flag of transformers that asks for something that isn't there.
 */
export function translateFlags(args: readonly string[], own: ReadonlySet<string>): Translated {
  const found: Translated = { args: [], notes: [] };
  const end = args.indexOf("--") === -1 ? args.length : args.indexOf("--");
  for (let i = 0; i < end; i++) {
    const [, name, joined] = /^--([\w-]+)(?:=(.*))?$/s.exec(args[i]!) ?? [];
    const flag = name?.replaceAll("_", "-");
    const alias = args[0] === "train" && !own.has(`--${name}`) ? aliases.get(flag ?? "") : undefined;
    if (flag === "no-header" && joined === undefined && own.has("--header")) {
      found.args.push("--header", "no");
    } else if (alias !== undefined) {
      const next = i + 1 < end ? args[i + 1] : undefined;
      const valueLike = alias.kind === "switch" ? /^(true|false)$/i : /^(?!--)/;
      const takesNext = joined === undefined && next !== undefined && valueLike.test(next);
      const value = takesNext ? next : joined;
      if (takesNext) i++;
      const ours = alias.translate(value, `--${name}`);
      found.args.push(...ours.args);
      found.notes.push(`--${name} ${ours.note}`);
    } else if (flag !== undefined && flag !== name && own.has(`--${flag}`)) {
      found.args.push(joined === undefined ? `--${flag}` : `--${flag}=${joined}`);
      found.notes.push(`--${name} is --${flag} here.`);
    } else found.args.push(args[i]!);
  }
  return { ...found, args: [...found.args, ...args.slice(end)] };
}

interface Alias {
  /** Whether a value follows, or, for switches, only perhaps `true` or `false`. */
  kind: "value" | "switch";
  /** Our arguments, and how the note or error goes on behind the flag's name. */
  translate(value: string | undefined, name: string): { args: string[]; note: string };
}

/** The same value under our flag. */
const renamed = (flag: string): Alias => ({
  kind: "value",
  translate: (value) => ({ args: value === undefined ? [flag] : [flag, value], note: `is ${flag} here.` }),
});

/** A switch that is `ours` where it is on. */
const switched = (...ours: string[]): Alias => ({
  kind: "switch",
  translate: (value) => ({ args: isOff(value) ? [] : ours, note: `is ${ours.join(" ")} here.` }),
});

/** Makes no difference, and why. */
const ignored = (kind: Alias["kind"], why: string): Alias => ({
  kind,
  translate: () => ({ args: [], note: `is ignored: ${why}.` }),
});

/** Asks for something else than we do, unless it is switched off; `fix` is what to do. */
const refused = (kind: Alias["kind"], why: string, fix: string): Alias => ({
  kind,
  translate: (value, name) => {
    if (kind === "switch" && isOff(value)) return { args: [], note: "is off here anyway." };
    throw refusal(`${name} is none of Textgraft's flags: ${why}.`, fix);
  },
});

/** Some values are something of ours (our arguments), all others are refused. */
const chosen = (ours: Record<string, string[]>, fix: string): Alias => ({
  kind: "value",
  translate: (value = "", name) => {
    const args = Object.hasOwn(ours, value) ? ours[value] : undefined;
    if (args === undefined) {
      throw refusal(`${name} ${value} has no equal here; ${Object.keys(ours).join(", ")} have.`, fix);
    }
    return {
      args,
      note: args.length === 0 ? `${value} is what Textgraft does.` : `${value} is ${args.join(" ")} here.`,
    };
  },
});

/** A number that is fixed here. */
const fixed = (ours: number): Alias => ({
  kind: "value",
  translate: (value, name) => {
    if (Number(value) === ours) return { args: [], note: `${value} is what Textgraft does.` };
    throw refusal(`${name} is ${value}; here it is always ${ours}.`, `Leave ${name} out.`);
  },
});

const trainFile: Alias = {
  kind: "value",
  translate: (value) => ({ args: value === undefined ? [] : [value], note: "is the argument <data> here." }),
};

const textColumns: Alias = {
  kind: "value",
  translate: (value, name) => {
    if (value?.includes(",")) {
      throw refusal(
        `${name} names several columns: ${value}.`,
        "Join them into one column, and name that with --text.",
      );
    }
    return renamed("--text").translate(value, name);
  },
};

/** A share of the steps below 1, as transformers 5 reads it; ours is always a share. */
const warmupSteps: Alias = {
  kind: "value",
  translate: (value, name) => {
    if (Number(value) < 1) return renamed("--warmup").translate(value, name);
    throw refusal(
      `${name} is ${value} steps; --warmup is a share of all steps.`,
      "For example --warmup 0.1.",
    );
  },
};

const reportTo: Alias = {
  kind: "value",
  translate: (value, name) =>
    value === "tensorboard"
      ? { args: ["--logs", "tensorboard"], note: "tensorboard is --logs tensorboard here." }
      : ignored("value", progressOnly).translate(value, name),
};

const isOff = (value: string | undefined): boolean => value?.toLowerCase() === "false";

const refusal = (message: string, fix: string): TextgraftError =>
  new TextgraftError("option-invalid", { message, fix });

const everyEpoch = "validation comes after each epoch, and the best weights are kept";
const progressOnly = "progress is on standard error, and metrics are in the report and in textgraft.json";

/**
 * Flags of transformers' run_classification.py and TrainingArguments, with hyphens. Ours win where they have the same name.
 * https://huggingface.co/docs/transformers/main_classes/trainer#transformers.TrainingArguments
 */
const aliases: ReadonlyMap<string, Alias> = new Map(
  Object.entries({
    "model-name-or-path": renamed("--model"),
    "train-file": trainFile,
    "validation-file": renamed("--validation"),
    "test-file": renamed("--test"),
    "text-column-name": textColumns,
    "text-column-names": textColumns,
    "label-column-name": renamed("--label"),
    "output-dir": renamed("--output"),
    "overwrite-output-dir": switched("--overwrite"),
    "max-seq-length": renamed("--max-length"),
    "num-train-epochs": renamed("--epochs"),
    "per-device-train-batch-size": renamed("--batch-size"),
    "gradient-accumulation-steps": renamed("--accumulate"),
    "max-grad-norm": renamed("--max-gradient-norm"),
    "label-smoothing-factor": renamed("--label-smoothing"),
    "warmup-ratio": renamed("--warmup"),
    "warmup-steps": warmupSteps,
    "lr-scheduler-type": chosen(
      {
        linear: ["--schedule", "linear"],
        constant: ["--schedule", "constant", "--warmup", "0"],
        constant_with_warmup: ["--schedule", "constant"],
      },
      "Use --schedule linear or constant.",
    ),
    "metric-for-best-model": chosen(
      {
        loss: ["--best", "loss"],
        eval_loss: ["--best", "loss"],
        accuracy: ["--best", "accuracy"],
        eval_accuracy: ["--best", "accuracy"],
      },
      "Choose one of --best, such as --best macro-f1; see textgraft train --help.",
    ),
    "use-cpu": switched("--device", "cpu"),
    "no-cuda": switched("--device", "cpu"),

    "do-train": ignored("switch", "train trains, validates and tests"),
    "do-eval": ignored("switch", "train trains, validates and tests"),
    "do-predict": ignored("switch", "train trains, validates and tests"),
    "eval-strategy": ignored("value", everyEpoch),
    "evaluation-strategy": ignored("value", everyEpoch),
    "eval-steps": ignored("value", everyEpoch),
    "save-strategy": ignored("value", everyEpoch),
    "save-steps": ignored("value", everyEpoch),
    "save-total-limit": ignored("value", everyEpoch),
    "load-best-model-at-end": ignored("switch", everyEpoch),
    "logging-strategy": ignored("value", progressOnly),
    "logging-steps": ignored("value", progressOnly),
    "logging-dir": ignored("value", progressOnly),
    "report-to": reportTo,
    "per-device-eval-batch-size": ignored("value", "predictions don't depend on it"),
    "dataloader-num-workers": ignored("value", "texts are tokenized once, before the training"),
    "group-by-length": ignored("switch", "batches always hold texts of similar length"),
    "use-fast-tokenizer": ignored("switch", "there is one tokenizer, that of tokenizer.json"),
    "trust-remote-code": ignored("switch", "no code of a model is ever run"),
    fp16: ignored("switch", "Textgraft trains in float32"),
    bf16: ignored("switch", "Textgraft trains in float32"),
    tf32: ignored("switch", "Textgraft trains in float32"),

    "adam-beta1": fixed(0.9),
    "adam-beta2": fixed(0.999),
    "adam-epsilon": fixed(1e-8),
    "max-steps": fixed(-1),
    optim: chosen(
      { adamw_torch: [], adamw_torch_fused: [], adamw_hf: [] },
      "Leave it out: Textgraft trains with AdamW.",
    ),
    "dataset-name": refused(
      "value",
      "data comes from a file",
      "Save the data set as CSV or JSONL and give the file.",
    ),
    "task-name": refused(
      "value",
      "data comes from a file",
      "Save the task's texts as CSV or JSONL and give the file.",
    ),
    "max-train-samples": refused("value", "all rows of the file are used", "Give a file with fewer rows."),
    "tokenizer-name": refused("value", "a model has its own tokenizer", "Leave it out."),
    "config-name": refused("value", "a model has its own configuration", "Leave it out."),
    "resume-from-checkpoint": refused(
      "value",
      "an interrupted training can't be resumed",
      "Start from what was saved: --model FOLDER.",
    ),
    "push-to-hub": refused(
      "switch",
      "nothing is uploaded",
      "Upload the model folder with Hugging Face's hf upload.",
    ),
  }),
);
