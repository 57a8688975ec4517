import { TextgraftError } from "../base/errors.js";
import type { Tensor } from "../base/tensor.js";
import type { Bindings } from "../graph/dims.js";
import { forwardBytes } from "../graph/memory.js";
import { compile } from "../graph/onnx.js";
import {
  type Classifier,
  createClassifier,
  featureGraph,
  frozenParameters,
  logitsGraph,
  type ModelGraph,
  type TrainGraph,
  trainGraph,
  WORD_TABLE,
} from "../model/classifier.js";
import { planState } from "../model/state-layout.js";
import { lossTensors, tokenTensors, withDropout } from "./batch-feeds.js";
import { DropoutFeeds } from "./dropout-feeds.js";
import type { Batch, Engine, EngineSpec, StepResult, TrainBatch, TrainingSpec, TrainStep } from "./engine.js";
import type { FeatureStore } from "./feature-cache.js";
import { frozenFeatures } from "./frozen-features.js";
import { type OpenSession, type Session, type Tensors, targetOf } from "./session.js";
import { type Pooled, SessionPool } from "./session-pool.js";
import { largestRegion, State } from "./state.js";

/** What an engine needs from where it runs. */
export interface EngineHost {
  openSession: OpenSession;
  features: FeatureStore;
  /** Bytes that open sessions may hold on to; default: the pool's. */
  sessionBytes?: number;
}

/** An engine in the calling thread. */
export function openLocalEngine(spec: EngineSpec, host: EngineHost): Engine {
  return new LocalEngine(spec, host);
}

class LocalEngine implements Engine {
  private readonly spec: EngineSpec;
  private readonly model: Classifier;
  private readonly state: State;
  private readonly sessions: SessionPool;
  private readonly features: FeatureStore;
  private readonly openSession: OpenSession;
  private readonly dropout = new DropoutFeeds();

  constructor(spec: EngineSpec, { openSession, features, sessionBytes }: EngineHost) {
    this.sessions = new SessionPool(sessionBytes);
    this.spec = spec;
    this.openSession = openSession;
    this.features = features;
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
    this.state.write(name, values);
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

  async close(): Promise<void> {
    await this.sessions.close();
    this.features.close();
  }

  async logits(batch: Batch): Promise<Float32Array> {
    const from = this.spec.frozenStages;
    const reads = await this.reads(batch); // first: it may open a session, which may close another
    const { session } = await this.sessions.get("logits", () => this.open(logitsGraph(this.model, from)));
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
    const { session, sites, gradients } = await this.trainingGraph(rows, batch.length);
    const feeds: Tensors = {
      ...this.weights(session),
      ...reads,
      ...this.dropout.bits(sites, batch.length, { seed, step, examples: batch.examples }),
      ...lossTensors(this.spec.classifier, batch, denominator),
    };
    const into: Record<string, Tensor> = {};
    for (const { parameter, output, kind } of gradients) {
      into[output] =
        kind === "rows"
          ? this.state.gradientRows(parameter, rows * batch.length)
          : this.state.gradient(parameter, microBatch);
    }
    const { loss } = await session.run(feeds, into);
    for (const { parameter, kind } of gradients) {
      if (kind === "rows") this.state.addRows(parameter, batch.inputIds);
    }
    return (loss!.data as Float32Array)[0]!;
  }

  private trainingGraph(rows: number, length: number): Promise<TrainingGraph> {
    return this.sessions.get(`train ${rows} ${length}`, async () => {
      const graph = trainGraph(this.model, this.spec.frozenStages);
      return { ...graph, ...(await this.open(graph, { batch: rows, sequence: length })) };
    });
  }

  /** What a graph reads of a batch: token ids, or the features of the frozen stages. */
  private async reads(batch: Batch): Promise<Tensors> {
    const { frozenStages } = this.spec;
    const tokens = tokenTensors(batch);
    if (frozenStages === 0) return tokens;
    const features = await frozenFeatures(this.model, frozenStages, batch, this.features, async (part) => {
      const { session } = await this.sessions.get("features", () =>
        this.open(featureGraph(this.model, 0, frozenStages)),
      );
      const { features } = await session.run({ ...this.weights(session), ...tokenTensors(part) });
      return features!.data as Float32Array;
    });
    return { attention_mask: tokens.attention_mask!, features };
  }

  private training(): TrainingSpec {
    const { training } = this.spec;
    if (!training)
      throw new TextgraftError("internal", { message: "This engine was opened for prediction only." });
    return training;
  }

  /** The weights that a graph has as inputs. */
  private weights({ inputs }: Session): Tensors {
    return Object.fromEntries(
      this.model.parameters
        .filter(({ name }) => inputs.has(name))
        .map(({ name }) => [name, this.state.weights(name)]),
    );
  }

  private async open({ g, outputs }: ModelGraph, bindings: Bindings = {}): Promise<Pooled> {
    const { device, threads } = this.spec;
    const graph = compile(outputs, { bindings, target: targetOf[device] });
    const session = await this.openSession(graph, threads === undefined ? { device } : { device, threads });
    return { session, bytes: forwardBytes(g.nodes, bindings) };
  }
}

type TrainingGraph = Pooled & Pick<TrainGraph, "sites" | "gradients">;
