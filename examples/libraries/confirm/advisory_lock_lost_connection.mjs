// advisory-lock 2.0.0: the process ends if the connection of a held lock is lost.
import advisoryLock from "advisory-lock";
import pg from "pg";

const url = process.argv[2];
const admin = new pg.Client({ connectionString: url });
await admin.connect();
await advisoryLock.default(url)("month").lock();
process.on("uncaughtException", (error) => {
  console.log("uncaught exception:", error.message);
  process.exit(0);
});
await admin.query("SELECT pg_terminate_backend(pid, 2000) FROM pg_locks WHERE locktype = 'advisory'");
setTimeout(() => process.exit(2), 5000);
