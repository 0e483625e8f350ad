// A reporter for node --test: one line of JSON for each test.

import { inspect } from "node:util";

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const fault = data.details?.error?.cause ?? data.details?.error;
    const text = fault && (fault.stack ?? inspect(fault));
    yield `${JSON.stringify({ name: data.name, passed: type === "test:pass", text })}\n`;
  }
}
