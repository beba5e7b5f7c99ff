// Broken: returns false when a reply is late, although the server may have granted the month.
import { setTimeout as sleep } from "node:timers/promises";
import { key, serve, sql } from "./protocol.mjs";

const REPLY_MS = 60; // minimum wait for one reply

const acquire = async (request) => {
  const query = sql`SELECT pg_try_advisory_lock(${key(request)}::bigint) AS granted`.execute();
  const late = sleep(Math.max(request.timeout_ms, REPLY_MS)).then(() => "late");
  const first = await Promise.race([query, late]);
  if (first !== "late") return first[0].granted;
  query.cancel();
  await query.catch(() => {}); // the connection can be used again
  return false;
};

await serve({ acquire });
