/**
 * One step of AdamW, Adam with decoupled weight decay. https://arxiv.org/abs/1711.05101
 *
 *     g = gradientScale·gradient
 *     m = beta1·m + (1 - beta1)·g
 *     v = beta2·v + (1 - beta2)·g²
 *     p = p - learningRate·weightDecay·p - learningRate·(m / (1 - beta1ᵗ)) / (√(v / (1 - beta2ᵗ)) + epsilon)
 */
export interface AdamwSettings {
  /** Multiplies every gradient; clipping and the mean over accumulated batches go in here. */
  gradientScale: number;
  /** The rate of this step, schedule included. */
  learningRate: number;
  weightDecay: number;
  beta1: number;
  beta2: number;
  /** Above 0: an element that never had a gradient would divide 0 by 0. */
  epsilon: number;
  /** t, counted from 1. */
  step: number;
}

/** Weights and moments of some parameters, element by element beside each other. */
export interface AdamwState {
  weights: Float32Array;
  m: Float32Array;
  v: Float32Array;
}

/** What is the same for all elements of a step: computed in float64, each rounded to float32 once. */
export interface AdamwScalars {
  gradientScale: number;
  decay: number;
  beta1: number;
  oneMinusBeta1: number;
  beta2: number;
  oneMinusBeta2: number;
  stepSize: number;
  epsilon: number;
}

/**
 * Both bias corrections move out of the elements: with s = √(1 - beta2ᵗ), the update above is
 * (learningRate·s / (1 - beta1ᵗ))·m / (√v + s·epsilon). https://arxiv.org/abs/1412.6980, end of section 2
 */
export function adamwScalars(settings: AdamwSettings): AdamwScalars {
  const { gradientScale, learningRate, weightDecay, beta1, beta2, epsilon, step } = settings;
  const correction = Math.sqrt(1 - beta2 ** step);
  return {
    gradientScale: Math.fround(gradientScale),
    decay: Math.fround(learningRate * weightDecay),
    beta1: Math.fround(beta1),
    oneMinusBeta1: Math.fround(1 - beta1),
    beta2: Math.fround(beta2),
    oneMinusBeta2: Math.fround(1 - beta2),
    stepSize: Math.fround((learningRate * correction) / (1 - beta1 ** step)),
    epsilon: Math.fround(correction * epsilon),
  };
}

/**
 * The state after one step, in plain float32 arithmetic: what the kernel of run/kernels computes in place,
 * bit for bit. Denormal moments become 0: processors are about twenty times slower on them, and the moments
 * of words that no longer occur would end there.
 */
export function adamw(state: AdamwState, gradients: Float32Array, settings: AdamwSettings): AdamwState {
  const scalars = adamwScalars(settings);
  const { gradientScale, decay, beta1, oneMinusBeta1, beta2, oneMinusBeta2, stepSize, epsilon } = scalars;
  const weights = new Float32Array(state.weights.length);
  const m = new Float32Array(weights.length);
  const v = new Float32Array(weights.length);
  for (let i = 0; i < weights.length; i++) {
    const p = state.weights[i]!;
    const g = f32(gradients[i]! * gradientScale);
    m[i] = withoutDenormals(f32(f32(state.m[i]! * beta1) + f32(g * oneMinusBeta1)));
    v[i] = withoutDenormals(f32(f32(state.v[i]! * beta2) + f32(f32(g * oneMinusBeta2) * g)));
    const direction = f32(m[i]! / f32(f32(Math.sqrt(v[i]!)) + epsilon));
    weights[i] = f32(f32(p - f32(p * decay)) - f32(stepSize * direction));
  }
  return { weights, m, v };
}

/** What gradients of a global norm are multiplied by, as torch.nn.utils.clip_grad_norm_ does. */
export const clippingScale = (norm: number, maxNorm: number): number => Math.min(1, maxNorm / (norm + 1e-6));

/** Rounds to float32; after one float64 operation on float32 values that is the float32 operation. */
const f32 = Math.fround;

const smallestNormal = 2 ** -126;
const withoutDenormals = (x: number): number => (Math.abs(x) < smallestNormal ? 0 : x);
