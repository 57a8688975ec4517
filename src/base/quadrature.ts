/** Places within [0, 1] and their weights, which add up to 1. */
export interface Quadrature {
  readonly points: readonly number[];
  readonly weights: readonly number[];
}

/**
 * Gauss and Legendre's rule for the mean of a function over [0, 1]: exact for polynomials up to degree 2 · count - 1. The
 * points are the zeros of the Legendre polynomial, found by Newton's method. https://dlmf.nist.gov/3.5#v
 */
export function gaussLegendre(count: number): Quadrature {
  const points: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < count; i++) {
    let x = Math.cos((Math.PI * (count - i - 0.25)) / (count + 0.5));
    let [value, slope] = legendre(count, x);
    for (let round = 0; round < MOST_ROUNDS && Math.abs(value / slope) > PRECISION; round++) {
      x -= value / slope;
      [value, slope] = legendre(count, x);
    }
    points.push((x + 1) / 2);
    weights.push(1 / ((1 - x * x) * slope * slope));
  }
  return { points, weights };
}

const MOST_ROUNDS = 100;
const PRECISION = 1e-15;

/** The Legendre polynomial of a degree at x, and its derivative, for -1 < x < 1. https://dlmf.nist.gov/18.9#E1 */
function legendre(degree: number, x: number): [value: number, slope: number] {
  let [before, value] = [0, 1];
  for (let n = 1; n <= degree; n++)
    [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
  return [value, (degree * (x * value - before)) / (x * x - 1)];
}
