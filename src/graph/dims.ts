/**
 * One axis of a shape: a number, or a product of named sizes such as `batch` or `batch*sequence` that is bound
 * when a graph is compiled. Products are kept in one canonical spelling: the factor first, names in order.
 */
export type Dim = number | string;

export type Shape = readonly Dim[];

/** Sizes for names, for example `{ batch: 32, sequence: 64 }`. */
export type Bindings = Readonly<Record<string, number>>;

/** The product of some axes, as one axis. */
export function product(dims: Shape): Dim {
  let factor = 1;
  const names: string[] = [];
  for (const dim of dims) {
    const parts = factors(dim);
    factor *= parts.factor;
    names.push(...parts.names);
  }
  if (names.length === 0 || factor === 0) return factor;
  names.sort();
  return factor === 1 ? names.join("*") : [factor, ...names].join("*");
}

/** A named axis taken apart: `4*batch` has factor 4 and the name `batch`. */
export function factors(dim: Dim): { factor: number; names: string[] } {
  if (typeof dim === "number") return { factor: dim, names: [] };
  const parts = dim.split("*");
  const factor = Number(parts[0]);
  return Number.isNaN(factor) ? { factor: 1, names: parts } : { factor, names: parts.slice(1) };
}

/** The axis as a number where all its names are bound, else the axis itself. */
export function bind(dim: Dim, bindings: Bindings): Dim {
  const { factor, names } = factors(dim);
  return product([factor, ...names.map((name) => bindings[name] ?? name)]);
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

export const showShape = (shape: Shape): string => `[${shape.join(", ")}]`;
