/** Where a report's reader finds what its numbers mean. */
export const EXPLAINED = "What each number means: docs/evaluation.md in Textgraft's package.";
