import { type Random, shuffled } from "../../src/base/random.js";

/** Complaints by topic; a ticket has some of them. All written for these tests. */
const COMPLAINTS = {
  billing: [
    "I was charged twice this month",
    "the invoice shows the wrong amount",
    "please refund my last payment",
    "my credit card was billed after I cancelled",
    "why is the subscription price higher than before",
  ],
  login: [
    "I can't sign in any more",
    "the password reset link has expired",
    "my account is locked after three attempts",
    "the code for signing in never arrives by text message",
    "it says that my user name doesn't exist",
  ],
  shipping: [
    "the parcel hasn't arrived yet",
    "tracking says delivered but nothing is here",
    "please send it to my new address",
    "the courier left the box in the rain",
    "delivery has been late for two weeks",
  ],
  defect: [
    "the screen stays black",
    "one of the buttons broke off",
    "it makes a loud noise and stops",
    "the battery is empty after an hour",
    "the cover has a crack",
  ],
} as const;

export type Topic = keyof typeof COMPLAINTS;

const SMALL_TALK = [
  "hello there",
  "thanks for your help",
  "just wanted to say that I like the shop",
  "is anybody reading this",
  "greetings from a happy customer",
  "what are your opening hours",
];

/** Support tickets with no, one or several topics, put together at random. */
export function ticketRows(count: number, random: Random): { text: string; labels: Topic[] }[] {
  const topics = Object.keys(COMPLAINTS) as Topic[];
  return Array.from({ length: count }, (_, i) => {
    const stream = random.fork(i);
    const pick = <T>(list: readonly T[]): T => list[stream.int(list.length)]!;
    const labels = shuffled(topics, stream).slice(0, pick([0, 1, 1, 1, 2, 2, 3]));
    const parts = [...labels.map((topic) => pick(COMPLAINTS[topic])), pick(SMALL_TALK)];
    const order = `order ${1000 + stream.int(9000)}`;
    return { text: shuffled([...parts, order], stream).join(", "), labels: labels.sort() };
  });
}
