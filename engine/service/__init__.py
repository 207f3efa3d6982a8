"""The engine as a process of its own: protocol, worker, client, supervision; and labelling of many images."""
