"""The rollout's words: its stages, what each caps, and the port by which a running engine reads where it stands.

Low and pure: nothing here opens a file, looks at a clock or knows the broker; risk, orders, core and the brokers build
on it. Who reads and writes the record itself stands above the ledger and fills :class:`RolloutRecord`. A record that
cannot be believed is PAPER for entries, and never holds up what reduces risk. Settings only tighten a cap.
"""
