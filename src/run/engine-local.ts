import { TextgraftError } from "../base/errors.js";
import { float32, int32, sizeOf, type Tensor } from "../base/tensor.js";
import { compile } from "../graph/onnx.js";
import {
  type Classifier,
  type ClassifierSpec,
  type Constants,
  createClassifier,
  featureGraph,
  featuresPerToken,
  frozenParameters,
  logitsGraph,
  type ModelGraph,
  trainGraph,
  WORD_TABLE,
} from "../model/classifier.js";
import type { BertConfig } from "../model/config.js";
import { planState } from "../model/state-layout.js";
import { DropoutFeeds } from "./dropout-feeds.js";
import type { Batch, Engine, EngineSpec, StepResult, TrainBatch, TrainingSpec, TrainStep } from "./engine.js";
import { type FeatureStore, type FeatureUse, type OpenFeatures, tokensKey } from "./feature-cache.js";
import { LazySession } from "./lazy-session.js";
import { type OpenSession, type Session, type Tensors, targetOf } from "./session.js";
import { largestRegion, State } from "./state.js";

/** What an engine needs from where it runs. */
export interface EngineHost {
  openSession: OpenSession;
  /** Asked once, when the frozen stages are first needed. */
  openFeatures: OpenFeatures;
}

/** An engine in the calling thread. */
export function openLocalEngine(spec: EngineSpec, host: EngineHost): Engine {
  return new LocalEngine(spec, host);
}

class LocalEngine implements Engine {
  private readonly spec: EngineSpec;
  private readonly model: Classifier;
  private readonly state: State;
  private readonly openFeatures: OpenFeatures;
  private features: FeatureStore | undefined;
  private computed = 0;
  private readonly openSession: OpenSession;
  private readonly sessions = {
    features: new LazySession(() => this.open(this.featureGraph())),
    logits: new LazySession(() =>
      this.open(logitsGraph(this.model, this.spec.frozenStages, this.constants())),
    ),
    train: new LazySession(() => this.openTraining()),
  };
  private readonly dropout = new DropoutFeeds();

  constructor(spec: EngineSpec, { openSession, openFeatures }: EngineHost) {
    this.spec = spec;
    this.openSession = openSession;
    this.openFeatures = openFeatures;
    this.model = createClassifier(withDropout(spec));
    const { training, frozenStages } = spec;
    const fixed = training ? frozenParameters(this.model, frozenStages) : this.model.parameters;
    const tokens = training && frozenStages === 0 ? training.batchSize * training.maxLength : 0;
    const room = {
      rowValues: tokens * spec.classifier.config.hiddenSize,
      accumulates: (training?.accumulation ?? 1) > 1,
    };
    const layout = planState(this.model.parameters, {
      frozen: new Set(fixed.map(({ name }) => name)),
      decayAll: training?.decayAll ?? false,
      maxRegionBytes: largestRegion(room),
    });
    this.state = new State(layout, room);
  }

  async write(name: string, values: Float32Array): Promise<void> {
    await this.sessions.logits.close(); // it may hold the weights of before
    this.state.write(name, values);
    this.features?.close(); // what was computed with other weights
    this.features = undefined;
  }

  async read(name: string): Promise<Float32Array> {
    return this.state.read(name);
  }

  async keep(): Promise<void> {
    this.state.keep();
  }

  async restore(): Promise<void> {
    this.state.restore();
  }

  async featureUse(): Promise<FeatureUse & { computed: number }> {
    return { reused: 0, ...this.features?.use(), computed: this.computed };
  }

  async close(): Promise<void> {
    for (const session of Object.values(this.sessions)) await session.close();
    this.features?.close();
  }

  async logits(batch: Batch): Promise<Float32Array> {
    const reads = await this.reads(batch);
    const { session } = await this.sessions.logits.get();
    const { logits } = await session.run({ ...this.weights(session), ...reads });
    return (logits!.data as Float32Array).slice();
  }

  /**
   * Gradients of each micro-batch are added up; their global norm is clipped as
   * torch.nn.utils.clip_grad_norm_ does; AdamW updates in place.
   */
  async train({ batches, denominator, step, learningRate }: TrainStep): Promise<StepResult> {
    const training = this.training();
    let loss = 0;
    if (this.spec.frozenStages === 0) this.state.clearRows(WORD_TABLE);
    for (const [microBatch, batch] of batches.entries()) {
      loss += await this.backward(batch, denominator, step, microBatch);
      if (microBatch > 0) this.state.accumulate();
    }
    // Gradients of several processes would be added up here.
    const gradientNorm = this.state.gradientNorm();
    const gradientScale = Math.min(1, training.maxGradientNorm / (gradientNorm + 1e-6));
    const { weightDecay, beta1, beta2, epsilon } = training;
    this.state.update({ gradientScale, learningRate, weightDecay, beta1, beta2, epsilon, step });
    return { loss, gradientNorm };
  }

  /** Runs a training graph; its gradients land in the state. Gives the batch's share of the loss. */
  private async backward(
    batch: TrainBatch,
    denominator: number,
    step: number,
    microBatch: number,
  ): Promise<number> {
    const { seed } = this.training();
    const rows = batch.examples.length;
    const reads = await this.reads(batch);
    const { session, sites, gradients } = await this.sessions.train.get();
    const { labels, problem } = this.spec.classifier;
    const feeds: Tensors = {
      ...this.weights(session),
      ...reads,
      ...this.dropout.masks(sites, batch.length, { seed, step, examples: batch.examples }),
      labels: float32([rows, labels.length], batch.labels),
      weights: float32(problem === "multi_label" ? [rows, labels.length] : [rows], batch.weights),
      denominator: float32([], [denominator]),
    };
    const loss = float32([]);
    const into: Record<string, Tensor> = { loss };
    for (const { parameter, output, kind } of gradients) {
      into[output] =
        kind === "rows"
          ? this.state.gradientRows(parameter, rows * batch.length)
          : this.state.gradient(parameter, microBatch);
    }
    await session.run(feeds, into);
    for (const { parameter, kind } of gradients) {
      if (kind === "rows") this.state.addRows(parameter, batch.inputIds);
    }
    return loss.data[0]!;
  }

  /** What a graph reads of a batch: token ids, or the features of the frozen stages. */
  private async reads(batch: Batch): Promise<Tensors> {
    const { frozenStages } = this.spec;
    const tokens = tokenTensors(batch);
    if (frozenStages === 0) return tokens;
    return { attention_mask: tokens.attention_mask!, features: await this.featuresOf(batch) };
  }

  /** Features of a batch, [rows, length, hidden] or [rows, hidden]; computed only for texts that are new. */
  private async featuresOf(batch: Batch): Promise<Tensor> {
    const { hiddenSize } = this.spec.classifier.config;
    const perToken = featuresPerToken(this.model, this.spec.frozenStages);
    const width = (perToken ? batch.length : 1) * hiddenSize;
    const rows = batch.examples.length;
    const result = float32(perToken ? [rows, batch.length, hiddenSize] : [rows, hiddenSize]);
    const store = this.featureStore();
    const missing: TextRow[] = [];
    for (const [row, example] of batch.examples.entries()) {
      if (example < 0) continue;
      const text = textOf(batch, row);
      const known = store.get(text.key);
      if (known) result.data.set(known, row * width);
      else missing.push(text);
    }
    if (missing.length === 0) return result;

    const part = textBatch(missing, this.spec.classifier.config);
    const { session } = await this.sessions.features.get();
    const { features } = await session.run({ ...this.weights(session), ...tokenTensors(part) });
    const data = features!.data as Float32Array;
    const stride = (perToken ? part.length : 1) * hiddenSize;
    for (const [i, { row, key, inputIds }] of missing.entries()) {
      const own = data.subarray(i * stride, i * stride + (perToken ? inputIds.length : 1) * hiddenSize);
      result.data.set(own, row * width);
      store.put(key, own);
    }
    this.computed += missing.length;
    return result;
  }

  private featureGraph = (): ModelGraph => featureGraph(this.model, 0, this.spec.frozenStages);

  private featureStore(): FeatureStore {
    if (this.features) return this.features;
    const { device } = this.spec;
    const { outputs } = this.featureGraph();
    const graph = compile(outputs, { target: targetOf[device] });
    const frozen = frozenParameters(this.model, this.spec.frozenStages);
    const weights = Object.fromEntries(frozen.map(({ name }) => [name, this.state.weights(name)]));
    this.features = this.openFeatures({ device, graph: graph.bytes, weights });
    return this.features;
  }

  private training(): TrainingSpec {
    const { training } = this.spec;
    if (!training)
      throw new TextgraftError("internal", { message: "This engine was opened for prediction only." });
    return training;
  }

  /**
   * The weights that stand in the graph itself: none while they train. ONNX Runtime lays constants out for its
   * products once, where it has to turn inputs in every run: a single text takes a quarter of the time. Larger models
   * would lie in memory too often.
   */
  private constants(): Constants {
    const { parameters } = this.model;
    const bytes = parameters.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
    if (this.spec.training || bytes > CONSTANT_BYTES) return new Map();
    return new Map(parameters.map(({ name }) => [name, this.state.weights(name).data]));
  }

  /** The weights that a graph has as inputs. */
  private weights({ inputs }: Session): Tensors {
    return Object.fromEntries(
      this.model.parameters
        .filter(({ name }) => inputs.has(name))
        .map(({ name }) => [name, this.state.weights(name)]),
    );
  }

  private async openTraining() {
    const graph = trainGraph(this.model, this.spec.frozenStages);
    return { ...graph, ...(await this.open(graph, true)) };
  }

  private async open({ outputs }: ModelGraph, inPlace = false): Promise<{ session: Session }> {
    const { device, threads } = this.spec;
    const graph = compile(outputs, { target: targetOf[device] });
    const options = { device, inPlace, ...(threads === undefined ? {} : { threads }) };
    return { session: await this.openSession(graph, options) };
  }
}

const CONSTANT_BYTES = 256 * 2 ** 20;

/** The model as it trains: without dropout where the training asks for none. */
function withDropout({ classifier, training }: EngineSpec): ClassifierSpec {
  if (!training || training.dropout) return classifier;
  return {
    ...classifier,
    config: { ...classifier.config, hiddenDropout: 0, attentionDropout: 0, classifierDropout: 0 },
  };
}

function tokenTensors({
  examples,
  length,
  inputIds,
  attentionMask,
  tokenTypeIds,
}: Batch): Record<string, Tensor> {
  const shape = [examples.length, length];
  return {
    input_ids: int32(shape, inputIds),
    attention_mask: int32(shape, attentionMask),
    token_type_ids: int32(shape, tokenTypeIds),
  };
}

/** A text of a batch: its row, its tokens without padding, and their key. */
interface TextRow {
  row: number;
  inputIds: Int32Array;
  tokenTypeIds: Int32Array;
  key: string;
}

function textOf({ inputIds, attentionMask, tokenTypeIds, length }: Batch, row: number): TextRow {
  const start = row * length;
  const padding = attentionMask.subarray(start, start + length).indexOf(0);
  const end = start + (padding < 0 ? length : padding);
  const [ids, types] = [inputIds.subarray(start, end), tokenTypeIds.subarray(start, end)];
  return { row, inputIds: ids, tokenTypeIds: types, key: tokensKey(ids, types) };
}

/**
 * Texts as a batch whose shape hardly matters to the last digits of what is computed: padded to a multiple of 8, and
 * at least 2 rows, because matrix kernels add a single row and odd ends in another order.
 */
function textBatch(texts: readonly TextRow[], { positions }: BertConfig): Batch {
  const longest = Math.max(...texts.map(({ inputIds }) => inputIds.length));
  const length = Math.min(8 * Math.ceil(longest / 8), positions);
  const rows = Math.max(2, texts.length);
  const batch: Batch = {
    examples: new Int32Array(rows),
    length,
    inputIds: new Int32Array(rows * length),
    attentionMask: new Int32Array(rows * length),
    tokenTypeIds: new Int32Array(rows * length),
  };
  for (let i = 0; i < rows; i++) {
    const { inputIds, tokenTypeIds } = texts[i] ?? texts[0]!;
    batch.inputIds.set(inputIds, i * length);
    batch.attentionMask.fill(1, i * length, i * length + inputIds.length);
    batch.tokenTypeIds.set(tokenTypeIds, i * length);
  }
  return batch;
}
