"""From the broker's packets to the one market update: JSON and protobuf through one door.

- A packet that does not read is refused by a name; its neighbours count.
"""
