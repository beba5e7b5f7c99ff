"""Actor processes: forked ahead of need, controlled by datagrams, killed with their process group."""
