// Compiles src/run/kernels/kernels.wat into src/run/kernels/kernels-wasm.ts: `node scripts/build-kernels.mjs`.
import { readFile, writeFile } from "node:fs/promises";
import wabt from "wabt";

const folder = new URL("../src/run/kernels/", import.meta.url);
const { parseWat } = await wabt();
const module = parseWat("kernels.wat", await readFile(new URL("kernels.wat", folder), "utf8"), {
  simd: true,
});
module.validate();
const { buffer } = module.toBinary({});
const text = `// Made from kernels.wat by scripts/build-kernels.mjs; do not edit.
export const kernelsWasm = "${Buffer.from(buffer).toString("base64")}";
`;
await writeFile(new URL("kernels-wasm.ts", folder), text);
console.log(`kernels-wasm.ts holds ${buffer.length} bytes of WebAssembly.`);
