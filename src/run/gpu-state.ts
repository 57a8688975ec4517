import { TextgraftError } from "../base/errors.js";
import { float32, sizeOf, transposed } from "../base/tensor.js";
import { type AdamwSettings, adamwScalars } from "../model/adamw.js";
import { weightsOf } from "../model/flat-parameters.js";
import type { Placement, Shard, StateLayout } from "../model/state-layout.js";
import type { GpuTensor } from "./gpu-session.js";
import type { GpuVectors } from "./gpu-vectors.js";

/** Gradients of the trained shards, by the shard's number. */
export type Gradients = ReadonlyMap<number, GpuTensor>;

/** A shard's weights lie on the host, on the GPU, or on both; its moments on the GPU. */
interface GpuShard extends Shard {
  host?: Float32Array | undefined;
  weights?: GpuTensor | undefined;
  kept?: GpuTensor | undefined;
  m?: GpuTensor;
  v?: GpuTensor;
}

/**
 * Weights and both moments of all parameters, in flat shards on the GPU. A tensor there never changes, a step makes new
 * ones: weights that are kept are just not disposed of.
 */
export class GpuState {
  private readonly vectors: GpuVectors;
  private readonly placements: StateLayout["placements"];
  private readonly shards: GpuShard[];

  constructor({ shards, placements }: StateLayout, vectors: GpuVectors) {
    this.vectors = vectors;
    this.placements = placements;
    this.shards = shards.map((shard) => ({ ...shard, host: new Float32Array(shard.bytes / 4) }));
  }

  /** Copies a parameter in, in the checkpoint's layout. */
  async write(name: string, values: Float32Array): Promise<void> {
    const { spec, shard: number, offset, transposed: turned } = this.placement(name);
    if (values.length !== sizeOf(spec.shape)) {
      throw new TextgraftError("weights-invalid", {
        message: `${name} has ${values.length} elements; the model needs [${spec.shape.join(", ")}].`,
      });
    }
    const shard = this.shards[number]!;
    (await this.host(shard)).set(turned ? transposed(values, spec.shape) : values, offset / 4);
    this.replace(shard, undefined);
  }

  /** Copies a parameter out, in the checkpoint's layout. */
  async read(name: string): Promise<Float32Array> {
    const { spec, shard, offset, transposed: turned } = this.placement(name);
    const values = (await this.host(this.shards[shard]!)).slice(offset / 4, offset / 4 + sizeOf(spec.shape));
    return turned ? transposed(values, [...spec.shape].reverse()) : values;
  }

  /** The weights as a graph's inputs. */
  async weights(): Promise<Record<string, GpuTensor>> {
    const feeds: Record<string, GpuTensor> = {};
    for (const [number, shard] of this.shards.entries()) feeds[weightsOf(number)] = await this.onGpu(shard);
    return feeds;
  }

  /** One step of AdamW on every trained parameter; `weightDecay` only where the layout says so. */
  async update(gradients: Gradients, settings: AdamwSettings): Promise<void> {
    for (const [number, gradient] of gradients) {
      const shard = this.shards[number]!;
      const weightDecay = shard.group === "decayed" ? settings.weightDecay : 0;
      const zeros = new Float32Array(shard.m ? 0 : shard.bytes / 4);
      const before = {
        m: shard.m ?? (await this.vectors.upload(zeros)),
        v: shard.v ?? (await this.vectors.upload(zeros)),
      };
      const scalars = adamwScalars({ ...settings, weightDecay });
      const feeds = Object.entries(scalars).map(([name, value]) => [name, float32([], [value])]);
      const after = await this.vectors.adamw({
        ...Object.fromEntries(feeds),
        weights: await this.onGpu(shard),
        gradients: gradient,
        ...before,
      });
      before.m.dispose();
      before.v.dispose();
      this.replace(shard, after.weights);
      shard.host = undefined;
      shard.m = after.m;
      shard.v = after.v;
    }
  }

  /** Remembers the trained weights as they are now. */
  async keep(): Promise<void> {
    for (const shard of this.trained()) {
      const now = await this.onGpu(shard);
      if (shard.kept !== now) shard.kept?.dispose();
      shard.kept = now;
    }
  }

  /** Goes back to the weights that were kept last, if any. */
  restore(): void {
    for (const shard of this.trained()) {
      if (!shard.kept || shard.kept === shard.weights) continue;
      this.replace(shard, shard.kept);
      shard.host = undefined;
    }
  }

  dispose(): void {
    for (const shard of this.shards.splice(0)) {
      for (const tensor of new Set([shard.weights, shard.kept, shard.m, shard.v])) tensor?.dispose();
    }
  }

  private trained = (): GpuShard[] => this.shards.filter(({ group }) => group !== "frozen");

  private replace(shard: GpuShard, weights: GpuTensor | undefined): void {
    if (shard.weights !== shard.kept) shard.weights?.dispose();
    shard.weights = weights;
  }

  private async host(shard: GpuShard): Promise<Float32Array> {
    shard.host ??= await this.vectors.download(shard.weights!);
    return shard.host;
  }

  private async onGpu(shard: GpuShard): Promise<GpuTensor> {
    if (!shard.weights) {
      shard.weights = await this.vectors.upload(shard.host!);
      shard.host = undefined;
    }
    return shard.weights;
  }

  private placement(name: string): Placement {
    const placement = this.placements.get(name);
    if (placement) return placement;
    throw new TextgraftError("internal", { message: `The model has no parameter ${name}.` });
  }
}
