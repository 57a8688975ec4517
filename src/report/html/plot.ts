import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { escaped, type Html, trusted } from "./markup.js";

export { Plot };

/** Colours of the page as the drawings name them; light and dark give each its value. */
export const colors = {
  accent: "var(--accent)",
  other: "var(--other)",
  muted: "var(--muted)",
  series: ["var(--accent)", "var(--other)", "var(--third)", "var(--fourth)", "var(--fifth)"],
} as const;

/** Lines are told apart without their colours, too. */
export const dashes = ["none", "6 3", "2 3", "9 3 2 3", "12 4"] as const;

/** Units of a drawing's own; it is shown as wide as there is room, at most this wide. */
export const WIDTH = 440;
export const HEIGHT = 290;

/**
 * A drawing as SVG, which a screen reader tells as one picture with `title` and `description`. It has no style and no
 * script of its own.
 */
export function drawing(
  { title, description }: { title: string; description: string },
  options: Plot.PlotOptions,
): Html {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const plot = Plot.plot({
    document: document as never,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 46,
    marginBottom: 42,
    marginTop: 30,
    marginRight: 18,
    className: "plot",
    style: { fontSize: "13px" },
    ...options,
  }) as unknown as { outerHTML: string };
  const svg = plot.outerHTML
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/ style="font-size: ?13px;?"/, "")
    .replace(' font-size="10"', ' font-size="13"')
    .replaceAll(/ aria-(hidden|label)="[^"]*"/g, "") // the picture is one thing, its parts have no names
    .replaceAll(/(\d+\.\d{2})\d+(?=[^<>]*>)/g, "$1");
  const name = `<title>${escaped(title)}</title><desc>${escaped(description)}</desc>`;
  return trusted(
    svg.replace(
      /^<svg([^>]*)>/,
      (_all, attributes: string) =>
        `<svg${attributes} role="img" aria-label="${escaped(`${title}. ${description}`)}">${name}`,
    ),
  );
}
