"""The network and what trains it: intent, bridge, decoder, filler, domain head, losses."""
