import { mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Opens a new file that nobody else sees and that is gone when it is closed or the process ends; gives its descriptor. */
export function openUnlinked(): number {
  const folder = mkdtempSync(join(tmpdir(), "textgraft-"));
  try {
    return openSync(join(folder, "data"), "w+", 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
