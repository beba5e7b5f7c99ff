// Broken: releases the month before it commits the work done under the lock.
import { key, open, release, serve, sql } from "./protocol.mjs";

const begin = async (request) => {
  await open(request);
  await sql.begin(async (sql) => {
    await sql`SELECT pg_advisory_xact_lock(1)`; // two concurrent CREATE TABLE statements would collide
    await sql`CREATE TABLE IF NOT EXISTS counts (key int PRIMARY KEY, n int)`;
  });
  return ["count"];
};

const count = async (request) => {
  await sql`BEGIN`;
  const [row] = await sql`SELECT n FROM counts WHERE key = ${key(request)}::int`;
  const found = row?.n ?? 0;
  await sql`
    INSERT INTO counts VALUES (${key(request)}::int, ${found + 1}::int) ON CONFLICT (key) DO UPDATE SET n = excluded.n`;
  return found;
};

const unlock = async (request) => {
  const held = await release(request);
  await sql`COMMIT`;
  return held;
};

await serve({ open: begin, count, release: unlock });
