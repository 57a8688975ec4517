import { createRequire } from "node:module";

/** Version of the ONNX Runtime that is installed. */
export function onnxruntimeVersion(): string {
  const found = createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string };
  return found.version;
}
