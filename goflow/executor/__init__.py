"""Steps 7 to 10 of the way of the data: launch, observe, reconcile, and apply what was learnt.

``backend`` is the contract that ``kubernetes`` and ``local`` keep, with one conformance suite for both; ``service`` is
the loop that carries launches out; ``outcomes`` turns words of runners and observations into transitions.
"""
