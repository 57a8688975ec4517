import { existsSync } from "node:fs";

/** The tutorial's SMS set, which isn't part of the project. */
export const smsFile = process.env.TEXTGRAFT_SMS || "../shared/data/spamdata_v2.csv";

export const smsAbsent = !existsSync(smsFile);
if (smsAbsent) console.warn(`Skipped: there is no SMS set at ${smsFile}; name it by TEXTGRAFT_SMS.`);
