import { existsSync } from "node:fs";
import { delimiter, dirname } from "node:path";

/** Where Debian's package chromium-common puts a Vulkan driver that computes on the processor. */
const DEBIAN = "/usr/lib/chromium/vk_swiftshader_icd.json";

const driver = process.env.TEXTGRAFT_VULKAN_ICD ?? DEBIAN;

/** Whether tests of the device `webgpu` can run here. */
export const hasSoftwareGpu = existsSync(driver);

/** Names tests that are skipped, with the reason. */
export const unlessSkipped = hasSoftwareGpu
  ? ""
  : " (skipped: no software Vulkan driver; install Debian's chromium-common or set TEXTGRAFT_VULKAN_ICD)";

/** What a process has to be started with to find the driver, and the Vulkan loader that lies beside it. */
export function softwareGpuEnvironment(): Record<string, string> {
  if (!hasSoftwareGpu) return {};
  const { LD_LIBRARY_PATH } = process.env;
  return {
    VK_ICD_FILENAMES: driver,
    VK_DRIVER_FILES: driver,
    LD_LIBRARY_PATH: [dirname(driver), ...(LD_LIBRARY_PATH ? [LD_LIBRARY_PATH] : [])].join(delimiter),
  };
}
