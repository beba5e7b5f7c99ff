// Shared by the adapters of npm packages: the line protocol, and an acquire that polls.
import { createInterface } from "node:readline";

// answers requests with these verbs until standard input ends
export const serve = async (verbs, contract = {}) => {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    const answer = await verbs[request.verb](request).then((ok) => ({ ok }), (error) => ({ error: error.message }));
    if (request.verb === "open") Object.assign(answer, { ok: [], contract });
    process.stdout.write(JSON.stringify({ id: request.id, ...answer }) + "\n");
  }
  process.exit();
};

// calls `attempt` until it returns something, every 10 ms and once more at the deadline
export const retry = async ({ timeout_ms }, attempt) => {
  const deadline = performance.now() + timeout_ms;
  for (;;) {
    const last = performance.now() >= deadline;
    const result = await attempt();
    if (result || last) return result;
    await new Promise((done) => setTimeout(done, Math.max(0, Math.min(deadline - performance.now(), 10))));
  }
};
