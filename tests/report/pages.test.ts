import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, test } from "vitest";
import { evaluationPage } from "../../src/report/html/evaluation-page.js";
import { explainMistakes } from "../../src/report/html/explained-mistakes.js";
import { sweepPage } from "../../src/report/html/sweep-page.js";
import { trainingPage } from "../../src/report/html/training-page.js";
import type { Explain } from "../../src/run/explain.js";
import { openBrowser } from "../support/chromium.js";
import {
  binary,
  type Invented,
  imbalanced,
  inventedExplanation,
  inventedResult,
  multiLabel,
  unruly,
  unsure,
} from "./invented-results.js";
import { inventedSweep } from "./invented-sweep.js";

const folder = await mkdtemp(join(tmpdir(), "textgraft-pages-"));
afterAll(() => rm(folder, { recursive: true }));
const browser = await openBrowser();

const kinds: Record<string, Invented> = { binary, imbalanced, multiLabel, unruly, unsure };
const explain: Explain = async ({ text }, { label }) =>
  inventedExplanation(text, label, [1, -0.9, 0.5, -0.4, 0.2, -0.15, 0]);
const pages: { name: string; text: string }[] = [];
for (const [name, invented] of Object.entries(kinds)) {
  const result = inventedResult(invented);
  const judgement = { problem: invented.problem, labels: invented.labels, ...result.test };
  const explanations = await explainMistakes(judgement, explain, result.model);
  const about = { folder: "models/a", source: "new.csv" };
  pages.push({ name: `training-${name}`, text: trainingPage(result, explanations) });
  pages.push({ name: `evaluation-${name}`, text: evaluationPage(judgement, about, explanations) });
}
pages.push({ name: "sweep", text: sweepPage(inventedSweep()) });

describe.skipIf(!browser).each(pages)("$name in a browser", ({ name, text }) => {
  const file = join(folder, `${name}.html`);

  test.each(
    (["light", "dark"] as const).flatMap((scheme) => [390, 768, 1280].map((width) => ({ scheme, width }))),
  )(
    "$scheme at $width: nothing overflows, fails or is loaded, and all text can be read",
    async ({ scheme, width }) => {
      await writeFile(file, text);
      const context = await browser!.newContext({ colorScheme: scheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      const troubles: string[] = [];
      page.on("console", (message) => troubles.push(message.text()));
      page.on("pageerror", (error) => troubles.push(error.message));
      page.on("request", (request) => {
        if (request.url() !== pathToFileURL(file).href) troubles.push(request.url());
      });
      await page.goto(pathToFileURL(file).href);
      await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
      expect(troubles).toEqual([]);
      expect(await page.title()).toMatch(/: report of a Textgraft (model|sweep)$/);
      expect(await page.evaluate(wider)).toEqual([]);
      expect(await page.evaluate(tooFaint)).toEqual([]);
      await context.close();
    },
  );

  test("pictures have names, headings follow in order, tables have captions and heads", async () => {
    await writeFile(file, text);
    const page = await browser!.newPage();
    await page.goto(pathToFileURL(file).href);
    const tree = await accessibilityTree(page);
    const pictures = tree.filter(({ role }) => role === "image" || role === "img");
    expect(pictures.length).toBeGreaterThanOrEqual(name.startsWith("training") ? 6 : 2);
    expect(pictures.filter((picture) => picture.name.length < 20)).toEqual([]);
    expect(new Set(pictures.map((picture) => picture.name)).size).toBe(pictures.length);

    const levels = tree.filter(({ role }) => role === "heading").map(({ level }) => level!);
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [i, level] of levels.entries()) expect(level - (levels[i - 1] ?? 0)).toBeLessThanOrEqual(1);

    const tables = tree.filter(({ role }) => role === "table");
    expect(tables.length).toBeGreaterThanOrEqual(name === "sweep" ? 1 : 2); // those of the numbers are folded away
    expect(tables.filter((table) => table.name === "")).toEqual([]);
    expect(tree.filter(({ role }) => role === "rowheader").length).toBeGreaterThan(tables.length);
    expect(tree.filter(({ role }) => role === "columnheader").length).toBeGreaterThan(tables.length);
    for (const landmark of ["banner", "navigation", "main", "contentinfo"])
      expect(tree.map(({ role }) => role)).toContain(landmark);

    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
    expect(await page.evaluate("document.documentElement.lang")).toBe("en");
    await page.close();
  });
});

/** What a screen reader is told. */
async function accessibilityTree(page: Page): Promise<{ role: string; name: string; level?: number }[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  return nodes
    .filter(({ ignored }) => !ignored)
    .map(({ role, name, properties }) => ({
      role: String(role?.value),
      name: String(name?.value ?? ""),
      level: properties?.find((property) => property.name === "level")?.value.value as number,
    }));
}

/** Run in the page: elements that reach beyond it, but for what lies in a part that scrolls by itself. */
const wider = `(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    return [...document.querySelectorAll("body *")]
      .filter((element) => !element.closest(".scroll, .skip") && element.getBoundingClientRect().right > width + 0.5)
      .map((element) => element.outerHTML.slice(0, 120));
  }
  return [];
})()`;

/** Run in the page: texts whose contrast to their ground is below 4.5 (WCAG 2.2, 1.4.3). */
const tooFaint = `(() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  // What layers of colours come to, by painting them: it takes every notation that the browser knows.
  const painted = (layers) => {
    context.clearRect(0, 0, 1, 1);
    for (const layer of layers) { context.fillStyle = layer; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const grounds = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.unshift(getComputedStyle(at).backgroundColor);
    return layers;
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const element = text.parentElement;
    if (!text.data.trim() || element.closest("title, desc, style, .skip") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg") ? style.fill : style.color;
    const layers = grounds(element);
    const [a, b] = [luminance(painted(layers)), luminance(painted([...layers, ink]))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push(contrast.toFixed(2) + " " + element.outerHTML.slice(0, 100));
  }
  return faint;
})()`;
