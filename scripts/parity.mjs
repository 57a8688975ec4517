// Prints how far Textgraft is from PyTorch, family by family, as the tests of parity measure it:
//
//     npm run parity
//
// Each number is the largest difference of all that is compared of a quantity (tests/reference/README.md says what it is
// of, and where its limit comes from). Prints tables for docs/models.md, one for each device; fails where a limit is reached.
import { startVitest } from "vitest/node";

const deviations = [];
const reporter = {
  onTestCaseResult(testCase) {
    deviations.push(...(testCase.meta().deviations ?? []));
    const { state, errors = [] } = testCase.result();
    for (const { message } of state === "failed" ? errors : [])
      console.error(`Failed: ${testCase.fullName}: ${message}`);
  },
};
const files = ["tests/model/parity.test.ts", "tests/run/parity.test.ts"];
const vitest = await startVitest("test", files, { run: true, watch: false, reporters: [reporter] });
await vitest.close(); // it has set the exit code where a test failed

deviations.sort((a, b) => a.order - b.order);
for (const device of new Set(deviations.map(({ device }) => device)))
  print(
    device,
    deviations.filter((deviation) => deviation.device === device),
  );

function print(device, deviations) {
  const families = [...new Set(deviations.map(({ family }) => family))];
  console.log(`\nOn ${device}:\n`);
  console.log(`| quantity | limit | ${families.join(" | ")} |`);
  console.log(`| --- | --- |${" --- |".repeat(families.length)}`);
  for (const quantity of new Set(deviations.map(({ quantity }) => quantity))) {
    const row = deviations.filter((deviation) => deviation.quantity === quantity);
    const cells = families.map((family) => {
      const differences = row.filter((deviation) => deviation.family === family);
      return differences.length === 0
        ? ""
        : Math.max(...differences.map(({ difference }) => difference)).toExponential(0);
    });
    console.log(`| ${quantity} | ${row[0].limit.toExponential(0)} | ${cells.join(" | ")} |`);
  }
}
