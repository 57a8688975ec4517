/** Whether two models differ in how many of the same texts they get right. */
export interface McNemar {
  /** Texts that only the first model has right, and only the second. */
  onlyA: number;
  onlyB: number;
  /** How often chance alone would make them differ at least so much, if they were equally good. Two-sided. */
  p: number;
  method: "exact" | "mid-p";
}

/** With p below this we say that models differ. */
export const SIGNIFICANT = 0.05;

/** From so many texts on, on which just one of the models is right, the exact test is needlessly cautious. */
const FEW = 25;

/**
 * McNemar's test. Only the texts that one of the models has right and the other wrong count: if the models are equally
 * good, either is right on half of those. Below 25 such texts the p of the binomial distribution is taken as it is, which
 * never calls too many differences real; above, its mid-p, which isn't as cautious.
 * McNemar 1947, https://doi.org/10.1007/BF02295996; Fagerland, Lydersen, Laake 2013, https://doi.org/10.1186/1471-2288-13-91
 */
export function mcnemar(onlyA: number, onlyB: number): McNemar {
  const texts = onlyA + onlyB;
  const method = texts < FEW ? "exact" : "mid-p";
  if (onlyA === onlyB) return { onlyA, onlyB, p: 1, method };
  const { here, below } = lowerTail(Math.min(onlyA, onlyB), texts);
  return { onlyA, onlyB, p: method === "exact" ? 2 * (below + here) : 2 * below + here, method };
}

/** P(X = k) and P(X < k) of a fair coin thrown n times, k at most n/2. */
function lowerTail(k: number, n: number): { here: number; below: number } {
  let log = -n * Math.LN2;
  for (let i = 0; i < k; i++) log += Math.log((n - i) / (i + 1));
  const here = Math.exp(log);
  let below = 0;
  let term = here;
  for (let i = k; i > 0 && term > 0; i--) below += term *= i / (n - i + 1);
  return { here, below };
}

/** By how many texts a model has to differ from another before McNemar's test can tell them apart. */
export interface SmallestDifference {
  /** If the better one has everything right that the other has: the fewest possible. */
  least: number;
  /** If their mistakes have nothing to do with each other. Undefined where not even a model without mistakes differs enough. */
  usual: number | undefined;
}

/**
 * What a test on so many texts, of which a model got `mistakes` wrong, can show of better models. A model with k mistakes
 * fewer, independent of the others, would be right alone on about m·(1 - (m-k)/n) texts and wrong alone on k fewer.
 */
export function smallestDifference(texts: number, mistakes: number): SmallestDifference {
  const tells = (k: number) => {
    const better = Math.round(mistakes * (1 - (mistakes - k) / texts));
    return mcnemar(better - k, better).p < SIGNIFICANT;
  };
  let usual = 1;
  while (usual <= mistakes && !tells(usual)) usual++;
  return { least: LEAST, usual: usual > mistakes ? undefined : usual };
}

/** 2·(1/2)⁶ is below 0.05, 2·(1/2)⁵ isn't. */
const LEAST = 6;
