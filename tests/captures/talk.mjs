// Sessions of the `postgres` client of Node: `node talk.mjs NAME URL` runs one, `node talk.mjs` lists the names.
import postgres from "postgres";

const quiet = { onnotice: () => {} };
const lock = (sql, key) => sql`SELECT pg_try_advisory_lock(${key}::bigint) AS granted`;

const talks = {
  // Parse, Describe and Flush; then, when the types are known, Bind, Execute and Sync
  prepared: async (sql) => {
    await lock(sql, 209001);
    await lock(sql, 209002);
    await sql`SELECT ${"it's"} AS text, ${null}::int AS nothing, ${true} AS yes`;
  },
  unprepared: [{ prepare: false }, async (sql) => {
    await lock(sql, 209001);
    await lock(sql, 209002);
  }],
  pipelined: (sql) => Promise.all([209001, 209002, 209003, 209001].map((key) => lock(sql, key))),
  simple: async (sql) => {
    await sql`SELECT 1; SELECT 2`.simple();
    await sql`SET application_name = 'renamed'`.simple();
  },
  failing: async (sql) => {
    await sql`SELECT wrong`.catch(() => {});
    await sql`SELECT 1 / ${0}::int`.catch(() => {});
    await Promise.allSettled([sql`SELECT wrong, ${1}::int`, lock(sql, 209001)]);
    await sql`wrong`.simple().catch(() => {});
  },
  transaction: (sql) => sql.begin(async (tx) => {
    await lock(tx, 209001);
    await tx.savepoint((inner) => inner`SELECT wrong`).catch(() => {});
  }),
  cursor: async (sql) => {
    for await (const rows of sql`SELECT generate_series(1, 5)`.cursor(2)) rows.length;
  },
  copies: async (sql) => {
    const { finished } = await import("node:stream/promises");
    const into = await sql`COPY numbers FROM STDIN`.writable();
    into.write("1\n");
    into.end("2\n");
    await finished(into);
    for await (const row of await sql`COPY numbers TO STDOUT`.readable()) row.length;
  },
};

const [name, url] = process.argv.slice(2);
if (!name) {
  console.log(Object.keys(talks).join("\n"));
} else {
  const [options, talk] = [talks[name]].flat().length > 1 ? talks[name] : [{}, talks[name]];
  const sql = postgres(url, { max: 1, fetch_types: false, ...quiet, ...options });
  await talk(sql);
  await sql.end({ timeout: 5 });
}
