import type { GateResult } from "../run/gates.js";
import { GATES_AS_IF_ANSWERED } from "./answered.js";
import { foundText } from "./gates.js";

/**
 * Gates as JUnit XML, which CI systems show as tests: one test case for each gate, in a suite of the name. The form is that
 * of Jenkins, which others read, too; what gates are held against where texts were left unknown is the suite's output, and stands with
 * each failure: https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
 */
export function junitXml(
  gates: readonly GateResult[],
  { suite, now, unknown }: { suite: string; now: Date; unknown: boolean },
): string {
  const failures = gates.filter(({ passed }) => !passed).length;
  const counts = `tests="${gates.length}" failures="${failures}" errors="0"`;
  const against = unknown ? [GATES_AS_IF_ANSWERED] : [];
  const cases = gates.flatMap(({ name, expected, found, passed }) => {
    const head = `    <testcase name="${escaped(expected)}" classname="${escaped(`textgraft.${name}`)}" time="0"`;
    if (passed) return [`${head}/>`];
    const message = `Expected: ${expected}. Found: ${foundText(found)}.`;
    return [
      `${head}>`,
      `      <failure type="gate" message="${escaped(message)}">${escaped([message, ...against].join(" "))}</failure>`,
      "    </testcase>",
    ];
  });
  const name = escaped(suite);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="textgraft" ${counts} time="0">`,
    `  <testsuite name="${name}" ${counts} skipped="0" time="0" timestamp="${now.toISOString().slice(0, 19)}">`,
    ...cases,
    ...against.map((sentence) => `    <system-out>${escaped(sentence)}</system-out>`),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** For text and attributes; what XML 1.0 can't hold at all becomes a replacement character. */
const escaped = (text: string): string =>
  text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"'\t\n\r]/g, (mark) => `&#${mark.charCodeAt(0)};`);
