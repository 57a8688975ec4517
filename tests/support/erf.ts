/**
 * The error function to about 1e-15: Kummer's series of positive terms near zero, the continued fraction of erfc
 * further out. https://dlmf.nist.gov/7.6.E2 and https://dlmf.nist.gov/7.9.E1
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 0) return -erf(-x);
  return x < 2.5 ? series(x) : 1 - complement(x);
}

/** erf x = 2/√π · e^(-x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)) */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-18; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** √π · e^(x²) · erfc x = 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))), from the inside out. */
function complement(x: number): number {
  let fraction = x;
  for (let n = 100; n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}
