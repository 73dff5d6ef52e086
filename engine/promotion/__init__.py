"""What the record proves for the next stage of real money: the criteria, and the evidence each stands on.

- A gate reads the ledger and decides nothing by itself: a person promotes.
- What is not recorded is as good as not met.
- Evidence of one broker's addresses counts at those alone.
"""
