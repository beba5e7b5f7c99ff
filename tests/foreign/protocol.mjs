// Shared by the broken locks in this directory: the line protocol, and a correct month lock.
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";

export let sql;
export const key = ({ year, month }) => year * 100 + month;

export const open = async ({ dsn }) => {
  sql = postgres(dsn, { max: 1, fetch_types: false, prepare: false, onnotice: () => {} });
  await sql`SELECT ${1}::int`; // the first statement is slow
  return [];
};

export const acquire = async (request) => {
  const deadline = performance.now() + request.timeout_ms;
  for (;;) {
    const last = performance.now() >= deadline;
    const [row] = await sql`SELECT pg_try_advisory_lock(${key(request)}::bigint) AS granted`;
    if (row.granted || last) return row.granted;
    await sleep(Math.max(0, Math.min(deadline - performance.now(), 10)));
  }
};

export const release = async (request) => {
  const [row] = await sql`SELECT pg_advisory_unlock(${key(request)}::bigint) AS held`;
  return row.held;
};

// responds to requests with these verbs until standard input ends
export const serve = async (verbs) => {
  const all = { open, acquire, release, ...verbs };
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    const answer = await all[request.verb](request).then((ok) => ({ ok }), (error) => ({ error: error.message }));
    process.stdout.write(JSON.stringify({ id: request.id, ...answer }) + "\n");
  }
  await sql?.end({ timeout: 1 });
};
