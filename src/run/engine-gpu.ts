import { roundUp } from "../base/numbers.js";
import { float32, type Tensor } from "../base/tensor.js";
import type { Bindings } from "../graph/dims.js";
import { forwardBytes } from "../graph/memory.js";
import { compile } from "../graph/onnx.js";
import type { Precision } from "../graph/precision.js";
import { clippingScale } from "../model/adamw.js";
import { PIECE } from "../model/adamw-graph.js";
import {
  type Classifier,
  createClassifier,
  featureGraph,
  frozenParameters,
  LOSS_SCALE,
  logitsGraph,
  type ModelGraph,
  type ParameterSource,
  slopesGraph,
  type TrainGraph,
  trainGraph,
} from "../model/classifier.js";
import { flatGradients, flatParameters, gradientsOf, wordRows } from "../model/flat-parameters.js";
import { firstLossScale, type LossScale, nextLossScale } from "../model/loss-scale.js";
import { planState, type StateLayout } from "../model/state-layout.js";
import { lineTensors, lossTensors, tokenTensors, trainingOf } from "./batch-feeds.js";
import { DropoutFeeds } from "./dropout-feeds.js";
import type {
  Batch,
  Engine,
  EngineSpec,
  LineBatch,
  LineSlopes,
  StepResult,
  StepTime,
  TrainBatch,
  TrainStep,
} from "./engine.js";
import type { FrozenPart, OpenFeatures } from "./feature-cache.js";
import { FrozenFeatures } from "./frozen-features.js";
import type { GpuSession, GpuTensor, OpenGpuSession } from "./gpu-session.js";
import { GpuState } from "./gpu-state.js";
import { type GpuVectors, openGpuVectors } from "./gpu-vectors.js";
import { padBatch, padLines, roundedLength, roundedRows } from "./pad-batch.js";
import { requireFloat16 } from "./precision.js";
import { type Pooled, SessionPool } from "./session-pool.js";

/** What a GPU engine needs from where it runs. */
export interface GpuHost {
  openSession: OpenGpuSession;
  openFeatures: OpenFeatures;
}

/** An engine in the calling thread, on the GPU. Throws `option-invalid` where there is none, or none with float16. */
export async function openGpuEngine(spec: EngineSpec, host: GpuHost): Promise<Engine> {
  if (spec.precision === "float16") await requireFloat16(host.openSession);
  return new GpuEngine(spec, host, await openGpuVectors(host.openSession));
}

/** Every WebGPU device can bind a buffer of this size. https://www.w3.org/TR/webgpu/#limits */
const BUFFER_BYTES = 2 ** 27;

/** Below this loss scale nothing would be left of the gradients: what overflows isn't due to the scale. */
const SMALLEST_FACTOR = 2 ** -14;

class GpuEngine implements Engine {
  private readonly spec: EngineSpec;
  private readonly host: GpuHost;
  private readonly vectors: GpuVectors;
  private readonly model: Classifier;
  private readonly layout: StateLayout;
  private readonly state: GpuState;
  private readonly sessions = new SessionPool();
  private readonly dropout = new DropoutFeeds();
  private readonly features: FrozenFeatures;
  private readonly precision: Precision;
  /** Of a training in float16. */
  private lossScale: LossScale | undefined;
  private skippedSteps = 0;

  constructor(spec: EngineSpec, host: GpuHost, vectors: GpuVectors) {
    this.spec = spec;
    this.host = host;
    this.vectors = vectors;
    this.precision = spec.precision ?? "float32";
    this.lossScale = this.precision === "float16" ? firstLossScale : undefined;
    this.model = createClassifier(spec.classifier);
    this.layout = flatLayout(this.model, spec);
    this.state = new GpuState(this.layout, vectors);
    this.features = new FrozenFeatures(this.model, spec.frozenStages, {
      openStore: async () => host.openFeatures(await this.frozenPart()),
      compute: (texts) => this.computeFeatures(texts),
    });
  }

  async write(name: string, values: Float32Array): Promise<void> {
    this.features.weightsChanged(name);
    await this.state.write(name, values);
  }

  read = (name: string): Promise<Float32Array> => this.state.read(name);
  keep = (): Promise<void> => this.state.keep();

  async restore(): Promise<void> {
    this.state.restore();
  }

  async featureUse(): ReturnType<Engine["featureUse"]> {
    return this.features.use();
  }

  async close(): Promise<void> {
    this.state.dispose(); // before the sessions that made its tensors
    await this.sessions.close();
    await this.vectors.dispose();
    this.features.forget();
  }

  async logits(given: Batch): Promise<Float32Array> {
    const { config, labels } = this.spec.classifier;
    const rows = given.examples.length;
    const batch = padBatch(given, roundedRows(rows), roundedLength(given.length, config.positions));
    const reads = await this.features.inputsFor(batch);
    const { session } = await this.evaluation(["logits"], batch, () =>
      logitsGraph(this.model, this.spec.frozenStages, this.parameters(), this.precision),
    );
    const { host } = await session.run({ ...(await this.state.weights()), ...reads });
    return (host.logits!.data as Float32Array).slice(0, rows * labels.length);
  }

  async slopes(given: LineBatch): Promise<LineSlopes> {
    const { classifier } = this.spec;
    const rows = given.examples.length;
    const length = roundedLength(given.length, classifier.config.positions);
    const batch = padLines(given, roundedRows(rows), length);
    const { session } = await this.evaluation(["logits", "slopes"], batch, () =>
      slopesGraph(this.model, this.parameters(), this.precision),
    );
    const { host } = await session.run({
      ...(await this.state.weights()),
      ...lineTensors(classifier, batch),
    });
    const slopes = new Float32Array(rows * given.length);
    for (let row = 0; row < rows; row++) {
      const start = row * length;
      const found = (host.slopes!.data as Float32Array).subarray(start, start + given.length);
      slopes.set(found, row * given.length);
    }
    return {
      logits: (host.logits!.data as Float32Array).slice(0, rows * classifier.labels.length),
      slopes,
    };
  }

  /**
   * As on the CPU: gradients of the micro-batches are added up, their global norm is clipped, AdamW updates. In float16
   * they come times the loss scale; where they overflowed, nothing is updated.
   */
  async train({ batches, denominator, step, learningRate }: TrainStep): Promise<StepResult> {
    const training = trainingOf(this.spec);
    const factor = this.lossScale?.factor ?? 1;
    let loss = 0;
    let gradients = new Map<number, GpuTensor>();
    for (const batch of batches) {
      const found = await this.backward(batch, denominator, step, factor);
      loss += found.loss;
      gradients = gradients.size === 0 ? found.gradients : await this.sum(gradients, found.gradients);
    }
    let squares = 0;
    for (const gradient of gradients.values()) squares += await this.vectors.sumOfSquares(gradient);
    const gradientNorm = Math.sqrt(squares) / factor;
    if (!this.overflowed(gradientNorm)) {
      const gradientScale = clippingScale(gradientNorm, training.maxGradientNorm) / factor;
      const { weightDecay, beta1, beta2, epsilon } = training;
      const settings = { gradientScale, learningRate, weightDecay, beta1, beta2, epsilon };
      await this.state.update(gradients, { ...settings, step: step - this.skippedSteps });
    }
    for (const gradient of gradients.values()) gradient.dispose();
    return { loss: factor < SMALLEST_FACTOR ? Number.NaN : loss, gradientNorm };
  }

  /** The update is left out: it would make new tensors of all weights. */
  async rehearse(batch: TrainBatch): Promise<StepTime> {
    const start = performance.now();
    const { gradients } = await this.backward(batch, 1, 1, 1);
    for (const gradient of gradients.values()) gradient.dispose();
    return { gradients: (performance.now() - start) / 1000, update: 0 };
  }

  /** Whether a step in float16 has to be skipped; adapts the loss scale to it. */
  private overflowed(gradientNorm: number): boolean {
    if (!this.lossScale) return false;
    const overflow = !Number.isFinite(gradientNorm);
    this.lossScale = nextLossScale(this.lossScale, overflow);
    if (overflow) this.skippedSteps++;
    return overflow;
  }

  private async backward(
    given: TrainBatch,
    denominator: number,
    step: number,
    factor: number,
  ): Promise<Backward> {
    const { seed } = trainingOf(this.spec);
    const { classifier, frozenStages } = this.spec;
    const length = roundedLength(given.length, classifier.config.positions);
    const batch = { ...given, ...padBatch(given, given.examples.length, length) };
    const reads = await this.features.inputsFor(batch);
    const { session, sites } = await this.trainingGraph(batch);
    const { host, gpu } = await session.run({
      ...(await this.state.weights()),
      ...reads,
      ...this.dropout.masks(sites, batch.length, { seed, step, examples: batch.examples }),
      ...lossTensors(classifier, batch, denominator),
      [LOSS_SCALE]: float32([], [factor]),
      ...(frozenStages === 0 ? wordRows(batch.inputIds, classifier.config.vocabSize) : {}),
    });
    const shards = this.layout.shards.flatMap(({ group }, shard) => (group === "frozen" ? [] : [shard]));
    return {
      loss: (host.loss!.data as Float32Array)[0]!,
      gradients: new Map(shards.map((shard) => [shard, gpu[gradientsOf(shard)]!])),
    };
  }

  private async sum(a: Gradients, b: Gradients): Promise<Gradients> {
    const result: Gradients = new Map();
    for (const [shard, gradient] of a) result.set(shard, await this.vectors.add(gradient, b.get(shard)!));
    return result;
  }

  private trainingGraph({ examples, length }: Batch): Promise<TrainingGraph> {
    const bindings = { batch: examples.length, sequence: length };
    return this.sessions.get(`train ${examples.length} ${length}`, async () => {
      const { dropout, checkpointing, focalGamma } = trainingOf(this.spec);
      const { precision } = this;
      const options = { source: this.parameters(), dropout, checkpointing, precision, focalGamma };
      const graph = trainGraph(this.model, this.spec.frozenStages, options);
      const outputs = flatGradients(graph, this.layout, examples.length * length);
      return { sites: graph.sites, ...(await this.open({ g: graph.g, outputs }, bindings, ["loss"])) };
    });
  }

  private async computeFeatures(texts: Batch): Promise<Float32Array> {
    const part = padBatch(texts, roundedRows(texts.examples.length), texts.length);
    const { session } = await this.evaluation(["features"], part, () => this.featureGraph());
    const { host } = await session.run({ ...(await this.state.weights()), ...tokenTensors(part) });
    return host.features!.data as Float32Array;
  }

  private featureGraph = (): ModelGraph =>
    featureGraph(this.model, 0, this.spec.frozenStages, this.parameters(), this.precision);

  private parameters = (): ParameterSource => flatParameters(this.layout, this.precision);

  /** What decides about features. */
  private async frozenPart(): Promise<FrozenPart> {
    const { device, frozenStages } = this.spec;
    const graph = compile(this.featureGraph().outputs, { target: "webgpu" });
    const weights: Record<string, Tensor> = {};
    for (const { name, shape } of frozenParameters(this.model, frozenStages))
      weights[name] = float32(shape, await this.state.read(name));
    return { device, graph: graph.bytes, weights };
  }

  /**
   * A graph in evaluation mode for batches of one shape: reading a shape off the inputs would need the CPU. Batches are
   * filled up so that there are few shapes.
   */
  private evaluation(
    outputs: readonly string[],
    { examples, length }: Batch,
    graph: () => ModelGraph,
  ): Promise<Pooled<GpuSession>> {
    return this.sessions.get(`${outputs} ${examples.length} ${length}`, () =>
      this.open(graph(), { batch: examples.length, sequence: length }, outputs),
    );
  }

  private async open(
    { g, outputs }: ModelGraph,
    bindings: Bindings,
    toHost: readonly string[],
  ): Promise<Pooled<GpuSession>> {
    const session = await this.host.openSession(compile(outputs, { bindings, target: "webgpu" }), toHost);
    return { session, bytes: forwardBytes(g.nodes, bindings) };
  }
}

type Gradients = Map<number, GpuTensor>;
type TrainingGraph = Pooled<GpuSession> & Pick<TrainGraph, "sites">;

interface Backward {
  loss: number;
  gradients: Gradients;
}

/** Shards that fit into a buffer, dense weights as MatMul reads them, filled up to whole pieces for sums. */
function flatLayout(model: Classifier, { training, frozenStages }: EngineSpec): StateLayout {
  const fixed = training ? frozenParameters(model, frozenStages) : model.parameters;
  const { shards, placements } = planState(model.parameters, {
    frozen: new Set(fixed.map(({ name }) => name)),
    decayAll: training?.decayAll ?? false,
    maxRegionBytes: BUFFER_BYTES,
    maxFrozenBytes: BUFFER_BYTES,
    transposed: ({ dense = false }) => dense,
  });
  const piece = 4 * PIECE; // divides BUFFER_BYTES
  return {
    shards: shards.map(({ group, bytes }) => ({ group, bytes: roundUp(bytes, piece) })),
    placements,
  };
}
