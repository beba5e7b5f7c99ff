// Broken: when an answer is late it gives up and says no, and overlooks that the server had granted the month.
import { setTimeout as sleep } from "node:timers/promises";
import { key, serve, sql } from "./protocol.mjs";

const PATIENCE_MS = 60; // for one answer, at least

const acquire = async (request) => {
  const query = sql`SELECT pg_try_advisory_lock(${key(request)}::bigint) AS granted`.execute();
  const late = sleep(Math.max(request.timeout_ms, PATIENCE_MS)).then(() => "late");
  const first = await Promise.race([query, late]);
  if (first !== "late") return first[0].granted;
  query.cancel();
  await query.catch(() => {}); // the connection is of use again
  return false;
};

await serve({ acquire });
