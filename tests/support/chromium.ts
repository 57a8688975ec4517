import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { afterAll } from "vitest";

/** The browser of Debian's package, or the one that TEXTGRAFT_CHROMIUM names. */
export const chromiumPath = process.env.TEXTGRAFT_CHROMIUM ?? "/usr/bin/chromium";

/** Undefined where there is none: pages aren't tested then, and a line says so. */
export async function openBrowser(): Promise<Browser | undefined> {
  if (!existsSync(chromiumPath)) {
    console.warn(
      `Skipped: there is no browser at ${chromiumPath}. Debian: apt-get install --no-install-recommends chromium; or set TEXTGRAFT_CHROMIUM.`,
    );
    return undefined;
  }
  // Its own sandbox needs rights that root in a container doesn't give; what it opens are files of these tests.
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
  afterAll(() => browser.close());
  return browser;
}
