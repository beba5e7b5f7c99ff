"""A proxy of ours between clients and the server, which breaks connections in the ways that networks do."""
