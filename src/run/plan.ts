import { TextgraftError } from "../base/errors.js";
import { sizeOf } from "../base/tensor.js";
import type { Classifier } from "../model/classifier.js";
import { frozenParameters } from "../model/classifier.js";
import type { EncoderConfig } from "../model/config.js";
import { constantWithWarmup, linear, type Schedule } from "../model/schedule.js";
import { type LengthLimit, strideOf } from "../tokens/long-texts.js";
import type { Tokenizer } from "../tokens/tokenizer.js";
import type { EngineSpec } from "./engine.js";
import { type Freeze, type TrainOptions, trainOptions } from "./options.js";

/** Refuses to freeze more layers than there are, or some of those that are the same; told before the long work. */
export function checkFreeze(freeze: Freeze, { layers, sharedLayers = false }: EncoderConfig): void {
  if (typeof freeze !== "number") return;
  if (sharedLayers && freeze > 0 && freeze < layers) {
    throw new TextgraftError("option-invalid", {
      message:
        `--freeze is ${freeze}, but the ${layers} layers of this model share their weights: ` +
        "what is frozen in one of them would train in another.",
      fix: `Use --freeze embeddings, --freeze ${layers} for all layers, or --freeze all for all that was pretrained.`,
    });
  }
  if (freeze <= layers) return;
  throw new TextgraftError("option-invalid", {
    message: `--freeze is ${freeze}, but the model has ${layers} layers.`,
    fix: `Freeze at most ${layers} layers, or --freeze all for all that was pretrained.`,
  });
}

/** Refuses choices of loss and sampling that don't go together, or mean nothing; told before the long work. */
export function checkLoss(
  options: Pick<TrainOptions, "loss" | "focalGamma" | "labelSmoothing" | "multiLabel" | "sampling">,
): void {
  const { loss, focalGamma, labelSmoothing, multiLabel, sampling } = options;
  if (loss === "focal" && labelSmoothing > 0) {
    throw new TextgraftError("option-invalid", {
      message: `--loss focal and --label-smoothing ${labelSmoothing} don't go together: one asks for hard labels, the other for soft ones.`,
      fix: "Leave out one of them.",
    });
  }
  if (loss !== "focal" && focalGamma !== trainOptions.focalGamma.default) {
    throw new TextgraftError("option-invalid", {
      message: `--focal-gamma is ${focalGamma}, but --loss is ${loss}.`,
      fix: "Give --loss focal, too, or leave out --focal-gamma.",
    });
  }
  if (multiLabel && sampling === "balanced") {
    throw new TextgraftError("option-invalid", {
      message:
        "--sampling balanced takes texts with one label each: with several, no choice of texts has all labels equally often.",
      fix: "Use --class-weights balanced, which weighs each label's yes against its no.",
    });
  }
}

/** How many of the encoder's stages a choice freezes: embeddings, layers, and a pooler where there is one. */
export function frozenStagesOf(freeze: Freeze, { stages }: Pick<Classifier, "stages">): number {
  if (freeze === "none") return 0;
  if (freeze === "embeddings") return 1;
  return freeze === "all" ? stages.length : freeze + 1;
}

/** Tokens of a text: as given, or a suggestion, and never more than the model has positions for. */
export function maxLengthOf(
  maxLength: number | "auto",
  suggested: number,
  { positions }: Pick<EncoderConfig, "positions">,
): number {
  if (maxLength === "auto") return Math.min(suggested, positions);
  if (maxLength <= positions) return maxLength;
  throw new TextgraftError("option-invalid", {
    message: `--max-length is ${maxLength}, but the model has only ${positions} positions.`,
    fix: `Use --max-length ${positions} or less; --long says what is read of longer texts.`,
  });
}

/**
 * How much of a text is read and what becomes of longer ones; `option-invalid` where the model can't read so much, and
 * for options of windows where there are none.
 */
export function lengthLimitOf(
  options: Pick<TrainOptions, "maxLength" | "long" | "stride"> & Partial<Pick<TrainOptions, "windowPooling">>,
  suggested: number,
  {
    tokenizer,
    config,
  }: { tokenizer: Pick<Tokenizer, "specialTokens">; config: Pick<EncoderConfig, "positions"> },
): LengthLimit {
  const { long, windowPooling = "mean" } = options;
  if (windowPooling !== "mean" && long !== "windows") {
    throw new TextgraftError("option-invalid", {
      message: `--window-pooling is ${windowPooling}, but --long is ${long}: there are no windows.`,
      fix: "Give --long windows, too, or leave out --window-pooling.",
    });
  }
  const maxLength = maxLengthOf(options.maxLength, suggested, config);
  const { before, after } = tokenizer.specialTokens;
  return {
    maxLength,
    long,
    stride: strideOf(options.stride, { maxLength, long, specialTokens: before + after }),
  };
}

/**
 * The peak learning rate: as given, or 1e-3 for a head alone, 5e-5 for an encoder as wide as BERT-base (Devlin et
 * al. 2018 recommend 2e-5 to 5e-5), and more for narrow ones (Turc et al. 2019, https://arxiv.org/abs/1908.08962).
 */
export function learningRateOf(
  rate: number | "auto",
  frozenStages: number,
  { stages, spec }: Pick<Classifier, "stages" | "spec">,
): number {
  const { hiddenSize } = spec.config;
  if (rate !== "auto") return rate;
  if (frozenStages >= stages.length) return 1e-3;
  if (hiddenSize >= 768) return 5e-5;
  return hiddenSize >= 384 ? 1e-4 : 5e-4;
}

/** The multiplier of the learning rate at each step of a training. */
export function scheduleOf({ schedule, warmup }: TrainOptions, steps: number): Schedule {
  const warmupSteps = Math.round(warmup * steps);
  return schedule === "linear" ? linear(warmupSteps, steps) : constantWithWarmup(warmupSteps);
}

/** AdamW's settings that nobody has had a reason to change. */
const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** What the engine has to know to train. */
export function engineSpecOf(
  { spec: classifier }: Classifier,
  options: TrainOptions,
  { frozenStages, maxLength }: { frozenStages: number; maxLength: number },
): EngineSpec {
  const { device, precision, threads, batchSize, accumulate, seed, weightDecay, decayOn, maxGradientNorm } =
    options;
  const checkpointing = options.gradientCheckpointing;
  return {
    classifier,
    device,
    precision,
    ...(threads === "auto" ? {} : { threads }),
    frozenStages,
    ...(options.cache && { cacheAs: options.model }),
    training: {
      ...ADAMW,
      batchSize,
      accumulation: accumulate,
      maxLength,
      seed,
      dropout: true,
      checkpointing,
      ...(options.loss === "focal" && { focalGamma: options.focalGamma }),
      weightDecay,
      decayAll: decayOn === "all",
      maxGradientNorm: maxGradientNorm || Number.POSITIVE_INFINITY,
    },
  };
}

/** Elements of all parameters, and of those that train. */
export function parameterCounts(
  classifier: Classifier,
  frozenStages: number,
): { all: number; trained: number } {
  const count = (specs: Classifier["parameters"]) => specs.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const all = count(classifier.parameters);
  return { all, trained: all - count(frozenParameters(classifier, frozenStages)) };
}
