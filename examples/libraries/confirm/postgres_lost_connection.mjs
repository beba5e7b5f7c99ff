// postgres 3.4.9: the process ends if a reserved connection is lost and then used again.
import postgres from "postgres";

const url = process.argv[2];
const admin = postgres(url, { onnotice: () => {} });
const reserved = await postgres(url).reserve();
const [{ pid }] = await reserved`SELECT pg_backend_pid() AS pid`;
await admin`SELECT pg_terminate_backend(${pid}, 2000)`;
await new Promise((done) => setTimeout(done, 200));
process.on("uncaughtException", (error) => {
  console.log("uncaught exception:", error.message);
  process.exit(error.message.includes("reading 'write'") ? 0 : 1);
});
setTimeout(() => process.exit(2), 5000);
await reserved`SELECT pg_advisory_unlock(1)`.catch((error) => console.log("rejected:", error.message));
process.exit(3);
