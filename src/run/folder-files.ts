import type { TrainResult } from "./events.js";
import type { Explain } from "./explain.js";

/** A file of a model folder that isn't the model: its path in the folder, with `/` between folders. */
export interface FolderFile {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/**
 * Files that are made of a training's result, by name; undefined where there is none. The model is open, to be asked why it
 * answered. They are saved in one go with it.
 */
export type Reports = Readonly<
  Record<string, (result: TrainResult, explain: Explain) => string | undefined | Promise<string>>
>;

/**
 * Makes the files `of` a result. One that can't be made is left out, and `tell` hears why: after a night's training the model
 * comes first.
 */
export async function reportFiles<Of extends unknown[]>(
  reports: Readonly<Record<string, (...of: Of) => string | undefined | Promise<string>>>,
  of: Of,
  tell: (notice: string) => void,
): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  for (const [name, make] of Object.entries(reports)) {
    try {
      const content = await make(...of);
      if (content !== undefined) files.push({ name, content });
    } catch (error) {
      tell(
        `${name} couldn't be made, all else is saved without it; please report this: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  return files;
}
