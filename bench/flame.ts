import type { NodeTime } from "./profile.js";

interface Frame {
  readonly name: string;
  microseconds: number;
  readonly children: Map<string, Frame>;
}

const WIDTH = 1200;
const HEIGHT = 22;
/** Narrower frames can't be seen. */
const NARROWEST = 0.5;

/** Times as a flame view that needs nothing else: place by place downwards, then ops; hover for figures. */
export function flameSvg(nodes: readonly NodeTime[]): string {
  const all = frame("step");
  for (const { place, op, microseconds } of nodes) {
    let current = all;
    current.microseconds += microseconds;
    for (const name of [...placesOf(place), op]) {
      const child = current.children.get(name) ?? frame(name);
      current.children.set(name, child);
      child.microseconds += microseconds;
      current = child;
    }
  }
  const height = HEIGHT * depthOf(all);
  const scale = all.microseconds > 0 ? WIDTH / all.microseconds : 0;
  const frames = drawn(all, { x: 0, depth: 0, scale, whole: all.microseconds }).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">\n${frames}\n</svg>\n`;
}

const frame = (name: string): Frame => ({ name, microseconds: 0, children: new Map() });

/** `bert.encoder.layer.3` → bert, encoder, layer.3 */
const placesOf = (place: string): string[] => place.split(/\.(?!\d)/);

const depthOf = ({ children }: Frame): number => 1 + Math.max(0, ...[...children.values()].map(depthOf));

interface Position {
  x: number;
  depth: number;
  /** Pixels of a microsecond. */
  scale: number;
  whole: number;
}

function drawn(current: Frame, { x, depth, scale, whole }: Position): string[] {
  const width = current.microseconds * scale;
  if (width < NARROWEST) return [];
  const [y, name] = [depth * HEIGHT, escaped(current.name)];
  const share = ((100 * current.microseconds) / whole).toFixed(1);
  const title = `${name}: ${(current.microseconds / 1000).toFixed(2)} ms, ${share} %`;
  const label = width > 7 * current.name.length ? name : "";
  const box = `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${HEIGHT - 1}" fill="${colour(current.name)}"/>`;
  const text = label && `<text x="${(x + 3).toFixed(1)}" y="${y + 15}">${label}</text>`;
  const result = [`<g><title>${title}</title>${box}${text}</g>`];
  let left = x;
  for (const child of [...current.children.values()].sort((a, b) => b.microseconds - a.microseconds)) {
    result.push(...drawn(child, { x: left, depth: depth + 1, scale, whole }));
    left += child.microseconds * scale;
  }
  return result;
}

/** The same for the same name. */
function colour(name: string): string {
  let hash = 0;
  for (const letter of name) hash = (31 * hash + letter.charCodeAt(0)) % 360;
  return `hsl(${hash}, 60%, 75%)`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
