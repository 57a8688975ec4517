// Removes what an earlier build left, so that no file outlives its source.
import { rmSync } from "node:fs";

for (const folder of ["dist", "build/demo", "build/bench"])
  rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true });
