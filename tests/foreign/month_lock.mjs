// A month lock in JavaScript, over the `postgres` client, that speaks the line protocol:
// one JSON request a line on standard input, one JSON answer a line on standard output.
import postgres from "postgres";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const RETRY_MS = 10;
const key = (year, month) => year * 100 + month;
let sql;

const open = ({ dsn }) => {
  sql = postgres(dsn, { max: 1, fetch_types: false, prepare: false, onnotice: () => {} });
  return sql`SELECT 1`.then(() => ["hold", "is_locked"]);
};

const acquire = async ({ year, month, timeout_ms }) => {
  const deadline = performance.now() + timeout_ms;
  for (;;) {
    const [{ got }] = await sql`SELECT pg_try_advisory_lock(${key(year, month)}::bigint) AS got`;
    if (got) return true;
    const left = deadline - performance.now();
    if (left <= 0) return false;
    // timers may fire up to a millisecond early; the loop looks at the clock again
    await sleep(Math.min(left, RETRY_MS));
  }
};

const release = async ({ year, month }) =>
  (await sql`SELECT pg_advisory_unlock(${key(year, month)}::bigint) AS had`)[0].had;

const hold = async (request) => {
  if (!(await acquire(request))) return false;
  try {
    if (request.raises) throw new Error(request.raises);
    return true;
  } finally {
    await release(request);
  }
};

const is_locked = async ({ year, month }) =>
  (await sql`
    SELECT EXISTS (
      SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = 0
        AND objid = ${key(year, month)}::int
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS held`)[0].held;

const verbs = { open, acquire, release, hold, is_locked };

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const answer = await verbs[request.verb](request).then(
    (ok) => ({ ok }),
    (error) => ({ error: error.message }),
  );
  process.stdout.write(JSON.stringify({ id: request.id, ...answer }) + "\n");
}
await sql?.end({ timeout: 1 });
