import { sum } from "../base/numbers.js";
import { float32, sizeOf, type Tensor } from "../base/tensor.js";
import { compile } from "../graph/onnx.js";
import { clippingScale } from "../model/adamw.js";
import {
  type Classifier,
  createClassifier,
  featureGraph,
  frozenParameters,
  logitsGraph,
  type ModelGraph,
  type ParameterSource,
  slopesGraph,
  trainGraph,
} from "../model/classifier.js";
import type { MaskType } from "../model/layers.js";
import { planState } from "../model/state-layout.js";
import { widened } from "../model/widened.js";
import { lineTensors, lossTensors, tokenTensors, trainingOf } from "./batch-feeds.js";
import { DropoutFeeds, maskBytes } from "./dropout-feeds.js";
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
  private readonly features: FrozenFeatures;
  private readonly openSession: OpenSession;
  private readonly sessions = {
    features: new LazySession(() => this.open(this.featureGraph())),
    logits: new LazySession(() =>
      this.open(
        logitsGraph(this.model, this.spec.frozenStages, this.inside() ? this.constants : this.inputs),
      ),
    ),
    slopes: new LazySession(() => this.open(slopesGraph(this.model, this.inputs))),
    train: new LazySession(() => this.openTraining()),
  };
  private readonly dropout = new DropoutFeeds();

  constructor(spec: EngineSpec, { openSession, openFeatures }: EngineHost) {
    this.spec = spec;
    this.openSession = openSession;
    this.openFeatures = openFeatures;
    this.model = createClassifier(spec.classifier);
    const { training, frozenStages } = spec;
    const fixed = training ? frozenParameters(this.model, frozenStages) : this.model.parameters;
    const tokens = training && frozenStages === 0 ? training.batchSize * training.maxLength : 0;
    const room = {
      rowValues: tokens * this.model.wordTable.shape[1]!,
      accumulates: (training?.accumulation ?? 1) > 1,
    };
    const layout = planState(this.model.parameters, {
      frozen: new Set(fixed.map(({ name }) => name)),
      decayAll: training?.decayAll ?? false,
      maxRegionBytes: largestRegion(room),
      widened,
    });
    this.state = new State(layout, room);
    this.features = new FrozenFeatures(this.model, frozenStages, {
      openStore: async () => this.openFeatures(this.frozenPart()),
      compute: async (texts) => {
        const { session } = await this.sessions.features.get();
        const { features } = await session.run({ ...this.weights(session), ...tokenTensors(texts) });
        return features!.data as Float32Array;
      },
    });
  }

  async write(name: string, values: Float32Array): Promise<void> {
    await this.sessions.logits.close(); // it may hold the weights of before
    this.state.write(name, values);
    this.features.weightsChanged(name);
  }

  async read(name: string): Promise<Float32Array> {
    return this.state.read(name);
  }

  async keep(): Promise<void> {
    this.state.keep();
  }

  /** Training has ended: what its session holds of batches is given back. */
  async restore(): Promise<void> {
    await this.sessions.train.close();
    this.state.restore();
  }

  async featureUse(): ReturnType<Engine["featureUse"]> {
    return this.features.use();
  }

  async close(): Promise<void> {
    for (const session of Object.values(this.sessions)) await session.close();
    this.features.forget();
  }

  async logits(batch: Batch): Promise<Float32Array> {
    const reads = await this.features.inputsFor(batch);
    const { session } = await this.sessions.logits.get();
    const { logits } = await session.run({ ...this.weights(session), ...reads });
    return (logits!.data as Float32Array).slice();
  }

  async slopes(batch: LineBatch): Promise<LineSlopes> {
    const { session } = await this.sessions.slopes.get();
    const feeds = lineTensors(this.spec.classifier, batch);
    const { logits, slopes } = await session.run({ ...this.weights(session), ...feeds });
    return {
      logits: (logits!.data as Float32Array).slice(),
      slopes: (slopes!.data as Float32Array).slice(),
    };
  }

  /**
   * Gradients of each micro-batch are added up; their global norm is clipped as
   * torch.nn.utils.clip_grad_norm_ does; AdamW updates in place.
   */
  async train({ batches, denominator, step, learningRate }: TrainStep): Promise<StepResult> {
    const training = trainingOf(this.spec);
    let loss = 0;
    if (this.spec.frozenStages === 0) this.state.clearRows(this.model.wordTable.name);
    for (const [microBatch, batch] of batches.entries()) {
      loss += await this.backward(batch, denominator, step, microBatch);
      if (microBatch > 0) this.state.accumulate();
    }
    // Gradients of several processes would be added up here.
    const gradientNorm = this.state.gradientNorm();
    const gradientScale = clippingScale(gradientNorm, training.maxGradientNorm);
    const { weightDecay, beta1, beta2, epsilon } = training;
    this.state.update({ gradientScale, learningRate, weightDecay, beta1, beta2, epsilon, step });
    return { loss, gradientNorm };
  }

  /** Its gradients, taken as zero, leave moments of zero and all weights as they are. */
  async rehearse(batch: TrainBatch): Promise<StepTime> {
    const start = performance.now();
    await this.backward(batch, 1, 1, 0);
    const between = performance.now();
    if (this.spec.frozenStages === 0) this.state.clearRows(this.model.wordTable.name);
    const { beta1, beta2, epsilon } = trainingOf(this.spec);
    const zero = { gradientScale: 0, learningRate: 0, weightDecay: 0 };
    this.state.gradientNorm();
    this.state.update({ ...zero, beta1, beta2, epsilon, step: 1 });
    return { gradients: (between - start) / 1000, update: (performance.now() - between) / 1000 };
  }

  /** Runs a training graph; its gradients land in the state. Gives the batch's share of the loss. */
  private async backward(
    batch: TrainBatch,
    denominator: number,
    step: number,
    microBatch: number,
  ): Promise<number> {
    const { seed } = trainingOf(this.spec);
    const rows = batch.examples.length;
    const reads = await this.features.inputsFor(batch);
    const { session, sites, gradients } = await this.sessions.train.get();
    const feeds: Tensors = {
      ...this.weights(session),
      ...reads,
      ...this.dropout.masks(sites, batch.length, { seed, step, examples: batch.examples }),
      ...lossTensors(this.spec.classifier, batch, denominator),
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

  private featureGraph = (): ModelGraph => featureGraph(this.model, 0, this.spec.frozenStages, this.inputs);

  /** What decides about features. */
  private frozenPart(): FrozenPart {
    const { device, frozenStages } = this.spec;
    const graph = compile(this.featureGraph().outputs, { target: targetOf[device] });
    const frozen = frozenParameters(this.model, frozenStages);
    const weights = Object.fromEntries(frozen.map(({ name }) => [name, this.state.weights(name)]));
    return { device, graph: graph.bytes, weights };
  }

  /** Parameters as a graph's inputs, in the shapes in which they are stored. */
  private readonly inputs: ParameterSource = (g) => (name) =>
    g.input(name, "float32", this.state.weights(name).shape);

  /** Parameters in the graph itself. */
  private readonly constants: ParameterSource = (g) => (name) => g.constant(this.state.weights(name));

  /**
   * Whether weights stand in the graph that predicts: not while they train. ONNX Runtime lays constants out for its
   * products once, where it has to turn inputs in every run: a single text takes a quarter of the time. Larger models
   * would lie in memory too often.
   */
  private inside(): boolean {
    const bytes = sum(this.model.parameters.map(({ shape }) => 4 * sizeOf(shape)));
    return !this.spec.training && bytes <= CONSTANT_BYTES;
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
    const { dropout, checkpointing, focalGamma, batchSize, maxLength } = trainingOf(this.spec);
    const graphWith = (masks: MaskType) =>
      trainGraph(this.model, this.spec.frozenStages, {
        source: this.inputs,
        dropout,
        checkpointing,
        focalGamma,
        masks,
      });
    const fast = graphWith("float32");
    const largest = { batch: batchSize, sequence: maxLength };
    const graph = maskBytes(fast.sites, largest) > MASK_BYTES ? graphWith("uint8") : fast;
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

/** What the masks of a batch, which are there all at once, may take as numbers; where it would be more, they are bytes. */
const MASK_BYTES = 128 * 2 ** 20;
