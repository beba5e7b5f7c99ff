"""The gate: the proxy that lets one message through at a time, and so decides every interleaving that there is."""
