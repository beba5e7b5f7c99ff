"""Actor processes: started ahead of need, told what to do by datagrams, ended with their group."""
