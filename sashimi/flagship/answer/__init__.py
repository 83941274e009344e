"""From a network to an answer: search, candidates, neighbours and the choice among them."""
